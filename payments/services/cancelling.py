"""Ending intents that nobody may pay any more."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from payments import gateway
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import OPEN, Payment
from payments.services.checkout import close_session
from payments.services.locking import lock_payment
from payments.services.one_by_one import LEASE, one_by_one
from payments.services.outcomes import Answer, apply_answer, end
from payments.services.settling import refunds_of
from payments.services.starting import ensure_intent, remember_intent
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from payments.provider import Intent

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 600
_UNCONFIRMED = ("requires_payment_method", "requires_confirmation", "requires_action")


def cancel_intents(*, now: datetime) -> int:
    """
    Cancel the intents that are marked for it and due; return how many ended.

    One that is being processed can't be cancelled: it is asked about again until it succeeds (and its money goes
    back) or fails. A sender that dies is taken over when its lease has run out.

    :raises TransactionForbidden: a transaction is open.
    """
    forbid_transaction("Cancelling intents")
    if not _due().exists():
        return 0
    return one_by_one(_claim_due, lambda payment: _cancel(payment, now=now))


def end_at_stripe(payment: Payment, *, release_authorized: bool, now: datetime) -> None:
    """
    Cancel an open payment's intent if it can be, and apply how it stands then.

    A page at Stripe is closed first. A payment of which no intent is known gets one, under its own key: a call that
    was sent and not read may have made it, and only what is known can be cancelled.

    :param release_authorized: whether money that is authorized is let go too.
    :raises GatewayUnavailable: Stripe gives no usable answer; nothing is changed here.
    """
    try:
        if payment.mode == Payment.Mode.CHECKOUT:
            close_session(payment, now=now)
            if payment.pi_id is None:
                return
        intent = gateway.retrieve_intent(payment.pi_id) if payment.pi_id else _made_known(payment, now=now)
    except GatewayRefused as error:
        # Stripe never made it and never will.
        logger.warning("Payment %s has no intent: %s", payment.pk, error)
        use_case(_end_locally, payment.pk, now)
        return
    if intent.status in _UNCONFIRMED or (release_authorized and intent.status == "requires_capture"):
        try:
            intent = gateway.cancel_intent(intent.id)
        except GatewayRefused:
            # The customer was faster; how it stands now decides.
            intent = gateway.retrieve_intent(intent.id)
    answer = Answer(intent=intent, refunds=refunds_of(payment, intent), as_of=now)
    use_case(apply_answer, payment_id=payment.pk, answer=answer, now=now)


def _made_known(payment: Payment, *, now: datetime) -> Intent:
    made = ensure_intent(payment)
    use_case(remember_intent, payment_id=payment.pk, pi_id=made.id, now=now)
    # Under an old key the answer is an old one too.
    return gateway.retrieve_intent(made.id)


@transaction.atomic
def _end_locally(payment_id: UUID, now: datetime) -> None:
    order, payment = lock_payment(payment_id)
    end(order, payment, now=now)


def _due() -> QuerySet[Payment]:
    ready = Q(cancel_not_before__isnull=True) | Q(cancel_not_before__lt=Now())
    return Payment.objects.filter(ready, cancel_requested_at__isnull=False, status__in=OPEN)


@transaction.atomic
def _claim_due() -> Payment | None:
    row = _due().select_for_update(skip_locked=True).order_by("cancel_requested_at").first()
    if row is not None:
        Payment.objects.filter(pk=row.pk).update(
            cancel_not_before=Now() + LEASE, cancel_attempts=F("cancel_attempts") + 1
        )
    return row


def _cancel(payment: Payment, *, now: datetime) -> bool:
    try:
        end_at_stripe(payment, release_authorized=True, now=now)
    except GatewayUnavailable as error:
        logger.warning("Payment %s can't be cancelled yet: %s", payment.pk, error)
    pause = timedelta(seconds=min(2 ** (payment.cancel_attempts + 1), _LONGEST_PAUSE))
    still_open = Payment.objects.filter(pk=payment.pk, status__in=OPEN).update(
        cancel_not_before=Now() + pause
    )
    return not still_open
