"""Sending money back: asked for under a lock, sent by a sender, believed when Stripe says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum

from orders import services as orders
from orders.errors import RefundTooLarge
from payments.errors import PaymentDisputed
from payments.events import RefundSucceeded
from payments.models import OPEN, Dispute, Payment, Refund
from payments.services.exceptions import open_refund_exception
from payments.services.locking import lock_payment
from shop.audit import services as audit
from shop.core.money import to_text
from shop.events.outbox import publish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from payments.models.refund import RefundedLine
    from payments.provider import ProviderRefund

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
    :raises PaymentDisputed: the bank has the money until a dispute is decided.
    :raises RefundTooLarge: less than that is left. In each case nothing is written.
    """
    _, payment = lock_payment(payment_id)
    amount = left_of(payment) if amount is None else amount
    return ask_for(Refund(payment=payment, amount=amount, reason=reason, actor_id=actor_id, created_at=now))


def ask_for(refund: Refund) -> UUID:
    """
    Store a refund that somebody wants, and who wants it; return its id. Order and payment are locked.

    :raises PaymentDisputed: the bank has the money until a dispute is decided.
    :raises RefundTooLarge: less than its amount is left. In each case nothing is written.
    """
    payment = refund.payment
    if payment.disputes.filter(state=Dispute.State.OPENED, is_inquiry=False).exists():
        raise PaymentDisputed
    left = left_of(payment)
    if not 1 <= refund.amount <= left:
        raise RefundTooLarge(left=to_text(left, payment.currency), currency=payment.currency)
    refund.currency = payment.currency
    write_refund(refund)
    if refund.actor_id is not None:
        audit.record(
            actor_id=refund.actor_id,
            action="payments.refund_requested",
            target=refund,
            now=refund.created_at,
            payment_id=str(payment.pk),
            amount=refund.amount,
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


@transaction.atomic
def refund_part(
    *,
    order_id: UUID,
    amount: int,
    reason: Refund.Reason,
    cancellation_id: UUID | None = None,
    lines: Sequence[RefundedLine] = (),
    now: datetime,
) -> None:
    """
    Have part of an order's money sent back, as much of it as is left; where nothing pays it, nothing happens.

    Locks: order, payment.

    :param amount: minor units of the order's currency.
    :param cancellation_id: what it is for; where a refund for that is there already, nothing happens.
    :param lines: the units that it is for.
    """
    orders.lock_order(order_id=order_id)
    if cancellation_id and Refund.objects.filter(cancellation_id=cancellation_id).exists():
        return
    payment = Payment.objects.select_for_update().filter(order_id=order_id, pays_order=True).first()
    if payment is None:
        return
    # Staff may have sent money back before, here or at Stripe.
    part = min(amount, left_of(payment))
    if part > 0:
        write_refund(
            Refund(
                payment=payment,
                amount=part,
                currency=payment.currency,
                reason=reason,
                cancellation_id=cancellation_id,
                lines=list(lines),
                created_at=now,
            )
        )


def write_refund(refund: Refund) -> None:
    """Store a refund that is to be sent; its payment is locked."""
    refund.save(force_insert=True)


def left_of(payment: Payment) -> int:
    """Return how much of a payment the shop has and isn't on its way back yet, in minor units."""
    going = payment.refunds.exclude(state=_State.FAILED).aggregate(sum=Sum("amount"))["sum"] or 0
    lost = payment.disputes.filter(state=Dispute.State.LOST).aggregate(sum=Sum("amount"))["sum"] or 0
    # A dispute may be about more than was taken: the bank counts in its own currency.
    return max(payment.captured - int(going) - int(lost), 0)


def state_of(provider_status: str) -> Refund.State:
    """Return the state of a refund that stands so at Stripe."""
    return _STATE.get(provider_status, _State.SENT)


def given_back(payment: Payment) -> int:
    """Return how much of its order's total a payment has given back, or never took, in minor units."""
    back = payment.refunds.filter(state=_State.SUCCEEDED).aggregate(sum=Sum("amount"))["sum"] or 0
    return payment.released + int(back)


def record_refund(*, payment: Payment, answer: ProviderRefund, now: datetime) -> None:
    """
    Bring a refund to where Stripe says it is; one that was made at Stripe itself gets its row now.

    Order and payment are locked. Emits: ``payments.refund_succeeded.v1``, ``payments.payment_exception_opened.v1``.
    """
    refund = _row_of(payment, answer, now=now)
    state = state_of(answer.status)
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
        orders.refunded(order_id=payment.order_id, refunded_total=given_back(payment), now=now)


def refuse_refund(*, payment: Payment, refund: Refund, error: str, now: datetime) -> None:
    """
    Take note that Stripe will not make a refund. Payment and refund are locked.

    Emits: ``payments.payment_exception_opened.v1``.
    """
    if refund.state != _State.REQUESTED:
        return
    refund.state, refund.error, refund.finished_at = _State.FAILED, error[:200], now
    refund.save(update_fields=["state", "error", "finished_at"])
    _follow_up(payment, refund, now=now)
