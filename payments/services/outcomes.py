"""What an intent's state does to a payment and its order: forward only, under their locks, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from orders import services as orders
from orders.errors import TransitionNotAllowed
from payments.events import PaymentFailed, PaymentSucceeded
from payments.models import OPEN, Payment, PaymentException, Refund, StripeEvent
from payments.services.exceptions import open_exception
from payments.services.locking import lock_payment
from payments.services.refunding import record_refund, write_refund
from products.errors import OutOfStock
from shop.core.failpoints import failpoint
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from orders.selectors import PayableOrder
    from payments.provider import Intent, ProviderRefund

_Kind = PaymentException.Kind

_STATUS = {
    "requires_payment_method": Payment.Status.REQUIRES_PAYMENT,
    "requires_confirmation": Payment.Status.REQUIRES_PAYMENT,
    "requires_action": Payment.Status.REQUIRES_ACTION,
    "processing": Payment.Status.PROCESSING,
    "requires_capture": Payment.Status.AUTHORIZED,
}
# Where an order's own payment status may be moved from by a payment that hasn't succeeded.
_UNDECIDED = ("unpaid", "processing", "authorized", "failed")


def status_of(provider_status: str) -> str:
    """Return the status of a payment whose intent stands so at Stripe; what isn't known stays Stripe's word."""
    return _STATUS.get(provider_status, provider_status)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Stripe said about a payment, and when it was asked."""

    intent: Intent
    refunds: tuple[ProviderRefund, ...] = ()
    as_of: datetime


@transaction.atomic
def apply_answer(*, payment_id: UUID, answer: Answer, event_id: str = "", now: datetime) -> None:
    """
    Move a payment, its refunds and its order to where Stripe says they are: the only way that money moves here.

    A payment that has succeeded stays so. An answer to an older question than the stored state's changes nothing
    but to an end. Locks: order, payment, stock by variant, reservations. Emits: ``payments.payment_succeeded.v1``,
    ``payments.payment_failed.v1``, ``payments.refund_succeeded.v1``, ``payments.payment_exception_opened.v1``.

    :param event_id: the webhook that caused it; it counts as processed if and only if this commits.
    """
    order, payment = lock_payment(payment_id)
    intent = answer.intent
    if payment.status == Payment.Status.SUCCEEDED:
        pass
    elif intent.status == "succeeded":
        _succeed(order, payment, intent, now=now)
    elif intent.status == "canceled":
        end(order, payment, now=now)
    elif payment.is_open and (payment.as_of is None or payment.as_of <= answer.as_of):
        _progress(order, payment, answer, now=now)
    for refund in answer.refunds:
        record_refund(payment=payment, answer=refund, now=now)
    Payment.objects.filter(pk=payment_id).update(checked_at=now)
    if event_id:
        StripeEvent.objects.filter(pk=event_id).update(processed_at=now, next_attempt_at=None, error="")
    failpoint("webhook.after_outbox_insert")


@transaction.atomic
def take_superseded(*, payment_id: UUID, answer: Answer, event_id: str, now: datetime) -> None:
    """
    Take in money that came by an intent of ours which another one has replaced: it gets a payment of its own.

    It pays the order if nothing else has; else it goes back. Locks and events as ``apply_answer``.
    """
    order, known = lock_payment(payment_id)
    pi_id = answer.intent.id
    payment = Payment.objects.filter(pi_id=pi_id).first()
    if payment is None:
        payment = Payment(
            order_id=known.order_id, pi_id=pi_id, amount=known.amount, currency=known.currency, created_at=now
        )
        _succeed(order, payment, answer.intent, now=now)
    StripeEvent.objects.filter(pk=event_id).update(processed_at=now, next_attempt_at=None, error="")


def end(order: PayableOrder, payment: Payment, *, now: datetime) -> None:
    """Close a locked payment of which Stripe can take no money any more."""
    if not payment.is_open:
        return
    payment.status, payment.canceled_at = Payment.Status.CANCELED, now
    payment.version += 1
    payment.save(update_fields=["status", "canceled_at", "version"])
    if order.status == "pending" and order.payment_status in ("processing", "authorized"):
        orders.payment_progressed(order_id=order.id, payment_status="unpaid", now=now)


def _progress(order: PayableOrder, payment: Payment, answer: Answer, *, now: datetime) -> None:
    intent = answer.intent
    status = _STATUS.get(intent.status, payment.status)
    charge_id = intent.charge.id if intent.charge else ""
    error = intent.last_error if status == Payment.Status.REQUIRES_PAYMENT else ""
    before = (payment.status, payment.last_error, payment.charge_id)
    payment.as_of = answer.as_of
    if before != (status, error, charge_id):
        payment.status, payment.last_error, payment.charge_id = status, error, charge_id
        payment.version += 1
        if error:
            failed = PaymentFailed(
                payment_id=payment.pk, version=payment.version, order_id=payment.order_id, reason=error
            )
            publish(failed, now=now)
    payment.save(update_fields=["as_of", "status", "last_error", "charge_id", "version"])
    _tell_order(order, payment, now=now)


def _tell_order(order: PayableOrder, payment: Payment, *, now: datetime) -> None:
    """Let a pending order know how its payment stands; one that has ended wants the intent gone instead."""
    if order.status != "pending":
        if payment.cancel_requested_at is None and order.status in ("cancelled", "expired"):
            Payment.objects.filter(pk=payment.pk).update(cancel_requested_at=now)
        return
    to = "failed" if payment.last_error else "unpaid"
    if payment.status in (Payment.Status.PROCESSING, Payment.Status.AUTHORIZED):
        to = payment.status
    if order.payment_status != to and order.payment_status in _UNDECIDED:
        orders.payment_progressed(order_id=order.id, payment_status=to, now=now)


def _succeed(order: PayableOrder, payment: Payment, intent: Intent, *, now: datetime) -> None:
    """Keep the money for the order if it is right, else send it back; either way the payment has succeeded."""
    kind = _why_not_wanted(payment, intent) or _pay_order(order, now=now)
    payment.status, payment.succeeded_at, payment.canceled_at = Payment.Status.SUCCEEDED, now, None
    payment.captured, payment.pays_order = intent.amount_received, kind is None
    payment.last_error = ""
    if intent.charge is not None:
        payment.charge_id, payment.method = intent.charge.id, intent.charge.method
        payment.brand, payment.last4 = intent.charge.brand, intent.charge.last4
    payment.version += 1
    payment.save()
    others = Payment.objects.filter(order_id=order.id, status__in=OPEN, cancel_requested_at__isnull=True)
    others.exclude(pk=payment.pk).update(cancel_requested_at=now)
    if kind is not None:
        open_exception(kind=kind, intent=intent, payment=payment, now=now)
        write_refund(
            Refund(
                payment=payment,
                amount=intent.amount_received,
                currency=intent.currency,
                reason=Refund.Reason.NOT_WANTED,
                created_at=now,
            )
        )
        return
    announce_success(payment, now=now)


def announce_success(payment: Payment, *, now: datetime) -> None:
    """Say that an order's money is here. Emits: ``payments.payment_succeeded.v1``."""
    publish(
        PaymentSucceeded(
            payment_id=payment.pk,
            version=payment.version,
            order_id=payment.order_id,
            amount=payment.captured,
            currency=payment.currency,
        ),
        now=now,
    )


def _why_not_wanted(payment: Payment, intent: Intent) -> PaymentException.Kind | None:
    if intent.currency != payment.currency:
        return _Kind.CURRENCY_MISMATCH
    if intent.amount_received != payment.amount:
        return _Kind.AMOUNT_MISMATCH
    if Payment.objects.filter(order_id=payment.order_id, pays_order=True).exclude(pk=payment.pk).exists():
        return _Kind.DUPLICATE_PAYMENT
    return None


def _pay_order(order: PayableOrder, *, now: datetime) -> PaymentException.Kind | None:
    try:
        # What mark_paid has begun is taken back when it refuses.
        with transaction.atomic():
            orders.mark_paid(order_id=order.id, now=now)
            failpoint("webhook.after_stock_commit")
    except OutOfStock:
        return _Kind.OUT_OF_STOCK
    except TransitionNotAllowed:
        return _Kind.ORDER_CANCELLED
    return None
