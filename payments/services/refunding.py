"""Sending money back: asked for under a lock, sent by a sender, believed when Stripe says so."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Now

from orders import services as orders
from payments import gateway
from payments.errors import GatewayRefused, GatewayUnavailable, RefundTooLarge
from payments.events import RefundSucceeded
from payments.models import OPEN, Payment, Refund
from payments.services.exceptions import open_refund_exception
from payments.services.locking import lock_payment
from shop.audit import services as audit
from shop.core.failpoints import failpoint
from shop.core.money import Money, to_text
from shop.core.transactions import forbid_transaction, use_case
from shop.events.outbox import publish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from payments.provider import ProviderRefund

logger = logging.getLogger(__name__)

# Longer than a call to Stripe can take with its retries.
_LEASE = timedelta(seconds=60)
_LONGEST_PAUSE = 600
_AT_ONCE = 20

_State = Refund.State
_STATE = {"succeeded": _State.SUCCEEDED, "failed": _State.FAILED, "canceled": _State.FAILED}
# Where a refund may still go: nothing leaves ``failed``, and only failing leaves ``succeeded``.
_NEXT = {
    _State.REQUESTED: (_State.SENT, _State.SUCCEEDED, _State.FAILED),
    _State.SENT: (_State.SUCCEEDED, _State.FAILED),
    _State.SUCCEEDED: (_State.FAILED,),
    _State.FAILED: (),
}


@transaction.atomic
def request_refund(
    *, payment_id: UUID, amount: int | None, reason: Refund.Reason, actor_id: UUID | None, now: datetime
) -> UUID:
    """
    Ask for money of a payment to go back and return the refund's id; a sender sends it.

    Locks: order, payment; so refunds asked for at once can't add up to more than was taken.

    :param amount: minor units, at least 1; None for all that is left.
    :raises NotFound: there is no such payment.
    :raises RefundTooLarge: less than that is left; nothing is written.
    """
    _, payment = lock_payment(payment_id)
    left = left_of(payment)
    amount = left if amount is None else amount
    if not 1 <= amount <= left:
        raise RefundTooLarge(left=to_text(left, payment.currency), currency=payment.currency)
    refund = Refund(
        payment=payment, amount=amount, currency=payment.currency, reason=reason, actor_id=actor_id, created_at=now
    )
    write_refund(refund)
    if actor_id is not None:
        audit.record(
            actor_id=actor_id,
            action="payments.refund_requested",
            target=refund,
            now=now,
            payment_id=str(payment_id),
            amount=amount,
        )
    return refund.pk


@transaction.atomic
def give_back(*, order_id: UUID, now: datetime) -> None:
    """
    Leave a cancelled order without money: what is open is marked to be cancelled, what was kept goes back.

    A second time does nothing. Locks: order, payments.
    """
    orders.lock_order(order_id=order_id)
    for payment in Payment.objects.select_for_update().filter(order_id=order_id).order_by("pk"):
        if payment.status in OPEN and payment.cancel_requested_at is None:
            Payment.objects.filter(pk=payment.pk).update(cancel_requested_at=now)
        if payment.pays_order and (left := left_of(payment)) > 0:
            write_refund(
                Refund(
                    payment=payment,
                    amount=left,
                    currency=payment.currency,
                    reason=Refund.Reason.ORDER_CANCELLED,
                    created_at=now,
                )
            )


def write_refund(refund: Refund) -> None:
    """Store a refund that is to be sent; its payment is locked."""
    refund.save(force_insert=True)


def left_of(payment: Payment) -> int:
    """Return how much of a payment isn't on its way back yet, in minor units."""
    going = payment.refunds.exclude(state=_State.FAILED).aggregate(sum=Sum("amount"))["sum"] or 0
    return payment.captured - int(going)


def send_refunds(*, now: datetime) -> int:
    """
    Send what was asked for and is due; return how many Stripe took. A sender that dies is taken over after a minute.

    :raises TransactionForbidden: a transaction is open.
    """
    forbid_transaction("Sending refunds")
    due = Refund.objects.filter(Q(not_before__isnull=True) | Q(not_before__lt=Now()), state=_State.REQUESTED)
    # Looking first: an idle sender opens no transaction, which on SQLite would stop every other writer.
    if not due.exists():
        return 0
    return sum(send_refund(refund=refund, now=now) for refund in use_case(_claim_due))


def send_refund(*, refund: Refund, now: datetime) -> bool:
    """Send one refund under its own key; tell whether Stripe took it. What fails for now is tried again later."""
    failpoint("refund.before_call")
    try:
        answer = _ask(refund)
    except GatewayUnavailable as error:
        logger.warning("Refund %s: %s", refund.pk, error)
        pause = timedelta(seconds=min(2**refund.tries, _LONGEST_PAUSE))
        Refund.objects.filter(pk=refund.pk, state=_State.REQUESTED).update(not_before=Now() + pause, error=str(error))
        return False
    except GatewayRefused as error:
        logger.error("Refund %s: %s", refund.pk, error)
        use_case(_refuse, refund_id=refund.pk, error=str(error)[:200], now=now)
        return False
    failpoint("refund.answered_not_saved")
    use_case(_record_sent, refund_id=refund.pk, answer=answer, now=now)
    return True


def record_refund(*, payment: Payment, answer: ProviderRefund, now: datetime) -> None:
    """
    Bring a refund to where Stripe says it is; one that was made at Stripe itself gets its row now.

    Order and payment are locked. Emits: ``payments.refund_succeeded.v1``, ``payments.payment_exception_opened.v1``.
    """
    refund = _row_of(payment, answer, now=now)
    state = _STATE.get(answer.status, _State.SENT)
    if refund.state == state or state not in _NEXT[_State(refund.state)]:
        return
    refund.state, refund.stripe_id, refund.error = state, answer.id, answer.failure[:200]
    refund.finished_at = None if state == _State.SENT else now
    refund.save(update_fields=["state", "stripe_id", "error", "finished_at"])
    _follow_up(payment, refund, now=now)


def _row_of(payment: Payment, answer: ProviderRefund, *, now: datetime) -> Refund:
    rows = list(payment.refunds.select_for_update().order_by("pk"))
    for refund in rows:
        if refund.stripe_id == answer.id or (
            refund.stripe_id is None and str(refund.pk) == answer.metadata.get("refund")
        ):
            return refund
    refund = Refund(
        payment=payment,
        amount=answer.amount,
        currency=answer.currency,
        reason=Refund.Reason.PROVIDER,
        state=_State.REQUESTED,
        stripe_id=answer.id,
        created_at=now,
    )
    write_refund(refund)
    return refund


def _follow_up(payment: Payment, refund: Refund, *, now: datetime) -> None:
    if refund.state == _State.FAILED:
        open_refund_exception(refund=refund, now=now)
    if refund.state == _State.SUCCEEDED:
        payment.version += 1
        Payment.objects.filter(pk=payment.pk).update(version=payment.version)
        publish(
            RefundSucceeded(
                payment_id=payment.pk,
                version=payment.version,
                refund_id=refund.pk,
                order_id=payment.order_id,
                amount=refund.amount,
                currency=refund.currency,
            ),
            now=now,
        )
    # Money that the order never had doesn't count as refunded of it.
    if payment.pays_order and refund.state != _State.SENT:
        back = payment.refunds.filter(state=_State.SUCCEEDED).aggregate(sum=Sum("amount"))["sum"] or 0
        orders.refunded(order_id=payment.order_id, refunded_total=back, now=now)


@transaction.atomic
def _claim_due() -> Sequence[Refund]:
    due = Refund.objects.filter(Q(not_before__isnull=True) | Q(not_before__lt=Now()), state=_State.REQUESTED)
    free = due.select_for_update(skip_locked=True, of=("self",))
    rows = list(free.select_related("payment").order_by("created_at")[:_AT_ONCE])
    Refund.objects.filter(pk__in=[row.pk for row in rows]).update(not_before=Now() + _LEASE, tries=F("tries") + 1)
    return rows


def _ask(refund: Refund) -> ProviderRefund:
    pi_id = refund.payment.pi_id or ""
    amount = Money(refund.amount, refund.currency)
    try:
        return gateway.create_refund(refund_id=refund.pk, attempt=refund.attempt, pi_id=pi_id, amount=amount)
    except GatewayUnavailable as error:
        if not error.is_stored:
            raise
    # Stripe would answer this key with the same failure for a day; the refund may be there nevertheless.
    for known in gateway.list_refunds(pi_id):
        if known.metadata.get("refund") == str(refund.pk):
            return known
    Refund.objects.filter(pk=refund.pk, attempt=refund.attempt).update(attempt=F("attempt") + 1)
    refund.refresh_from_db(fields=["attempt"])
    return gateway.create_refund(refund_id=refund.pk, attempt=refund.attempt, pi_id=pi_id, amount=amount)


@transaction.atomic
def _record_sent(*, refund_id: UUID, answer: ProviderRefund, now: datetime) -> None:
    _, payment = lock_payment(Refund.objects.get(pk=refund_id).payment_id)
    record_refund(payment=payment, answer=answer, now=now)


@transaction.atomic
def _refuse(*, refund_id: UUID, error: str, now: datetime) -> None:
    _, payment = lock_payment(Refund.objects.get(pk=refund_id).payment_id)
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.state != _State.REQUESTED:
        return
    refund.state, refund.error, refund.finished_at = _State.FAILED, error, now
    refund.save(update_fields=["state", "error", "finished_at"])
    refund.payment = payment
    _follow_up(payment, refund, now=now)
