"""What an intent's state does to a payment and its order: forward only, under their locks, in one transaction."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from orders import services as orders
from orders.errors import TransitionNotAllowed
from payments.events import PaymentFailed, PaymentSucceeded
from payments.models import OPEN, Payment, PaymentException, Refund, StripeEvent
from payments.services.exceptions import (
    close_authorization_exceptions,
    open_authorization_exception,
    open_exception,
)
from payments.services.locking import lock_payment
from payments.services.refunding import given_back, record_refund, write_refund
from products.errors import OutOfStock
from shop.core.failpoints import failpoint
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from orders.selectors import PayableOrder
    from payments.provider import Intent, ProviderRefund

logger = logging.getLogger(__name__)

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
# Where an order is that counts on its money.
_STANDS = ("confirmed", "completed")
# Of how many refused cards a payment is ended.
_REFUSALS = 5
# How long a bank holds money at least, where Stripe doesn't say.
_HELD = timedelta(days=7)


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
    was_authorized = payment.status == Payment.Status.AUTHORIZED
    payment.status, payment.canceled_at = Payment.Status.CANCELED, now
    payment.version += 1
    payment.save(update_fields=["status", "canceled_at", "version"])
    if order.payment_status in ("processing", "authorized"):
        orders.payment_progressed(order_id=order.id, payment_status="unpaid", now=now)
    if was_authorized and order.status in _STANDS and payment.cancel_requested_at is None:
        # It ran out, or somebody let it go at Stripe, and the order counts on it.
        open_authorization_exception(kind=_Kind.AUTHORIZATION_LOST, payment=payment, now=now)


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
            _count_refusal(payment, now=now)
        if status == Payment.Status.AUTHORIZED:
            ends = intent.charge.capture_before if intent.charge else None
            payment.authorized_at, payment.capture_before = now, ends or now + _HELD
    payment.save(
        update_fields=[
            "as_of",
            "status",
            "last_error",
            "charge_id",
            "version",
            "refusals",
            "cancel_requested_at",
            "authorized_at",
            "capture_before",
        ]
    )
    if payment.captures_later and payment.status == Payment.Status.AUTHORIZED:
        if before[0] != payment.status:
            _authorize(order, payment, intent, now=now)
        return
    _tell_order(order, payment, now=now)


def _count_refusal(payment: Payment, *, now: datetime) -> None:
    """End a payment on which one card after the other is tried: whoever means to pay begins another one."""
    payment.refusals += 1
    if payment.refusals >= _REFUSALS * settings.LIMITS_FACTOR and payment.cancel_requested_at is None:
        logger.warning("Payment %s is ended: %s tries were refused.", payment.pk, payment.refusals)
        payment.cancel_requested_at = now


def _authorize(order: PayableOrder, payment: Payment, intent: Intent, *, now: datetime) -> None:
    """Confirm the order for money that the bank holds, or let the money go; nothing was taken yet."""
    fits = intent.currency == payment.currency and intent.capturable == payment.amount
    paid_by_another = Payment.objects.filter(order_id=payment.order_id, pays_order=True).exists()
    if payment.cancel_requested_at is not None:
        return
    if not fits or paid_by_another or not _confirm_order(order, now=now):
        logger.warning("Payment %s is authorized and not wanted: it is let go.", payment.pk)
        Payment.objects.filter(pk=payment.pk).update(cancel_requested_at=now)


def _confirm_order(order: PayableOrder, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            orders.mark_authorized(order_id=order.id, now=now)
    except (OutOfStock, TransitionNotAllowed):
        return False
    return True


def _tell_order(order: PayableOrder, payment: Payment, *, now: datetime) -> None:
    """Let an order know how its payment stands; one that has ended wants the intent gone instead."""
    if order.status in ("cancelled", "expired"):
        if payment.cancel_requested_at is None:
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
    payment.released = payment.amount - payment.captured if payment.captures_later and kind is None else 0
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
    close_authorization_exceptions(payment, now=now)
    if payment.released:
        back = given_back(payment)
        never_taken = back == payment.released
        orders.refunded(order_id=order.id, refunded_total=back, never_taken=never_taken, now=now)


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
    # Of what was authorized less may be taken: what was cancelled before it was sent.
    fits = payment.captures_later and 0 < intent.amount_received <= payment.amount
    if intent.amount_received != payment.amount and not fits:
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
