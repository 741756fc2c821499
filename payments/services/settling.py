"""Asking Stripe how a payment stands, and doing what follows."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from payments import gateway
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import OPEN, Payment, Refund, StripeEvent
from payments.services.checkout import follow_session
from payments.services.clock import Clock
from payments.services.outcomes import Answer, apply_answer
from payments.stripe_client import patience
from shop.core.errors import DomainError, NotFound
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from payments.provider import Intent, ProviderRefund

logger = logging.getLogger(__name__)

# A customer who looks again and again makes one question in this time.
_ASK_EVERY = timedelta(seconds=2)
_CHECK_OPEN_EVERY = timedelta(seconds=60)
_CHECK_REFUNDS_EVERY = timedelta(minutes=10)
_AT_ONCE = 100
_MOST_FAILURES = 3
# What Stripe can be asked about.
_KNOWN = Q(pi_id__isnull=False) | Q(session_id__isnull=False)


@patience()
def settle_payment(*, payment_id: UUID, event_id: str = "", now: datetime) -> None:
    """
    Ask Stripe how a payment stands and make it so here; called as often as anybody likes, by anybody.

    Transaction: one of its own, after Stripe has answered. Locks and events: see ``apply_answer``.

    :param event_id: the webhook that caused it.
    :raises NotFound: there is no such payment, or it has no intent yet.
    :raises GatewayUnavailable: Stripe gives no usable answer; nothing is changed.
    :raises GatewayRefused: Stripe knows no such intent; nothing is changed.
    """
    forbid_transaction("Settling a payment")
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None or not (payment.pi_id or payment.session_id):
        raise NotFound
    if not payment.pi_id:
        follow_session(payment, now=now)
        if not payment.pi_id:
            # Nobody has paid on Stripe's page, or can any more.
            use_case(_note_asked, payment_id, event_id, now)
            return
    intent = gateway.retrieve_intent(payment.pi_id)
    answer = Answer(intent=intent, refunds=refunds_of(payment, intent), as_of=now)
    use_case(apply_answer, payment_id=payment_id, answer=answer, event_id=event_id, now=now)


@transaction.atomic
def _note_asked(payment_id: UUID, event_id: str, now: datetime) -> None:
    Payment.objects.filter(pk=payment_id).update(checked_at=now)
    StripeEvent.objects.filter(pk=event_id).update(processed_at=now, next_attempt_at=None, error="")


def refunds_of(payment: Payment, intent: Intent) -> tuple[ProviderRefund, ...]:
    """Return Stripe's refunds of an intent; asks only where there may be any."""
    is_any = intent.charge is not None and intent.charge.amount_refunded > 0
    if intent.status != "succeeded" or not (is_any or payment.refunds.exists()):
        return ()
    return gateway.list_refunds(intent.id)


@patience()
def refresh_payment(*, payment_id: UUID, now: datetime) -> None:
    """
    Settle a payment that isn't final, so that a returning customer sees the truth; at most every 2 seconds.

    When Stripe doesn't answer, what is known stays as it is.
    """
    waiting = Payment.objects.filter(_KNOWN, pk=payment_id, status__in=OPEN)
    # One statement decides who asks, so that many readers are one question.
    if not waiting.filter(_not_checked_since(now - _ASK_EVERY)).update(checked_at=now):
        return
    try:
        settle_payment(payment_id=payment_id, now=now)
    except (GatewayUnavailable, GatewayRefused) as error:
        logger.warning("Payment %s is shown as it was: %s", payment_id, error)


def reconcile_recent(*, now: datetime) -> int:
    """
    Settle what nobody has asked about for a while: a lost webhook costs a minute. Return how many were settled.

    Open payments are asked about every minute, those with a refund under way every ten. One about which Stripe doesn't
    answer goes to the back; three of them end the run: Stripe is down.
    """
    with_intent = Payment.objects.filter(_KNOWN).order_by("checked_at", "created_at")
    waiting = with_intent.filter(_not_checked_since(now - _CHECK_OPEN_EVERY), status__in=OPEN)
    waiting = waiting.filter(created_at__lte=now - _CHECK_OPEN_EVERY)
    under_way = Refund.objects.filter(state=Refund.State.SENT).values("payment")
    refunding = with_intent.filter(_not_checked_since(now - _CHECK_REFUNDS_EVERY), pk__in=under_way)
    found = [
        payment_id
        for rows in (waiting, refunding)
        for payment_id in rows.values_list("pk", flat=True)[:_AT_ONCE]
    ]
    clock, settled, failures = Clock.starting(now), 0, 0
    for payment_id in found:
        try:
            settle_payment(payment_id=payment_id, now=clock.now())
            settled += 1
        except GatewayUnavailable as error:
            logger.warning("Payment %s is asked about later: %s", payment_id, error)
            Payment.objects.filter(pk=payment_id).update(checked_at=now)
            failures += 1
            if failures == _MOST_FAILURES:
                break
        except DomainError:
            logger.exception("Payment %s can't be settled.", payment_id)
            Payment.objects.filter(pk=payment_id).update(checked_at=now)
    return settled


def _not_checked_since(moment: datetime) -> Q:
    return Q(checked_at__isnull=True) | Q(checked_at__lte=moment)
