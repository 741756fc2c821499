"""Beginning to pay: one open payment an order, in whichever mode, and one intent a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F

from orders import selectors as orders
from orders.errors import OrderNotPayable
from payments import gateway
from payments.errors import GatewayUnavailable
from payments.models import Payment
from payments.provider import IntentRequest
from payments.services.cards import customer_of
from payments.services.locking import lock_open_payment, lock_payment
from shop.core.errors import NotFound
from shop.core.money import Money

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from orders.selectors import PayableOrder
    from payments.provider import Intent

_PAID = ("paid", "partially_refunded", "refunded")


# Why a payment isn't open although its order is: another one took its place.
REPLACED = "replaced"


def client_secret_of(payment_id: UUID) -> str:
    """
    Return a payment's secret, from Stripe: it is stored nowhere here.

    :raises NotFound: the payment has no intent.
    :raises GatewayUnavailable: Stripe gives no usable answer.
    """
    pi_id = Payment.objects.filter(pk=payment_id).values_list("pi_id", flat=True).first()
    if not pi_id:
        raise NotFound
    return gateway.retrieve_intent(pi_id).client_secret


def ensure_intent(payment: Payment) -> Intent:
    """
    Return the intent of a payment that has none yet, as far as is known here; made when there really is none.

    A failure that Stripe stored under the key comes back each time. Only once no intent names the payment, a new
    key is used: two intents for one payment would be two ways to pay it.

    :raises GatewayUnavailable: no usable answer; asking again is safe.
    :raises GatewayRefused: Stripe doesn't take this amount.
    """
    asked = request_of(payment, orders.payable(payment.order_id))
    try:
        return gateway.create_intent(asked)
    except GatewayUnavailable as error:
        if not error.is_stored:
            raise
    found = gateway.find_intent_by_metadata(payment.pk, since=payment.created_at)
    if found is not None:
        return found
    # Of two who get here at once, one raises the number; both go on with the same new key.
    Payment.objects.filter(pk=payment.pk, attempt=payment.attempt, pi_id__isnull=True).update(
        attempt=F("attempt") + 1
    )
    payment.refresh_from_db()
    if payment.pi_id:
        return gateway.retrieve_intent(payment.pi_id)
    return gateway.create_intent(request_of(payment, orders.payable(payment.order_id)))


@transaction.atomic
def remember_intent(*, payment_id: UUID, pi_id: str | None, now: datetime) -> str | None:
    """
    Store which intent a payment has; return why the order can't be paid any more, or None when it can.

    An intent, or a page, that came too late is marked to be cancelled. Locks: order, payment.

    :param pi_id: None where a page at Stripe has none yet.
    """
    order, payment = lock_payment(payment_id)
    if payment.pi_id is None and pi_id is not None:
        payment.pi_id = pi_id
        Payment.objects.filter(pk=payment_id).update(pi_id=pi_id)
    reason = _why_not_payable(order, now)
    # An overdue order that is still pending is left to expiry, which cancels the intent itself.
    if payment.is_open and order.status in ("cancelled", "expired") and payment.cancel_requested_at is None:
        Payment.objects.filter(pk=payment_id).update(cancel_requested_at=now)
    if reason is None and not payment.is_open:
        return "paid" if payment.pays_order else REPLACED
    return reason


@transaction.atomic
def claim(order_id: UUID, mode: str, now: datetime) -> Payment:
    """
    Return the order's open payment, in whichever mode it is, or a new one in this mode. Locks: order, payment.

    :raises OrderNotPayable: it is paid, cancelled or expired; nothing is written.
    """
    order, payment = lock_open_payment(order_id)
    reason = _why_not_payable(order, now)
    if reason is None and payment is not None and payment.cancel_requested_at is not None:
        reason = "cancelled"
    if reason is not None:
        raise OrderNotPayable(reason=reason)
    if payment is not None:
        return payment
    return Payment.objects.create(
        order_id=order_id,
        mode=mode,
        amount=order.total,
        currency=order.currency,
        stripe_customer=customer_of(order.user_id) or "",
        captures_later=settings.PAYMENT_CAPTURE == "shipping" and orders.waits_to_be_sent(order_id),
        created_at=now,
    )


def _why_not_payable(order: PayableOrder, now: datetime) -> str | None:
    if order.status in ("cancelled", "expired"):
        return order.status
    # A confirmed order is payable again once the money that it was confirmed for couldn't be taken.
    is_settled = order.status != "pending" and order.payment_status == "authorized"
    if order.payment_status in _PAID or is_settled or order.total == 0:
        return "paid"
    # Its time is over and the next run of the expiry ends it: nobody should start to type a card number.
    is_overdue = order.status == "pending" and order.payment_due_at is not None and order.payment_due_at < now
    return "expired" if is_overdue and order.payment_status not in ("processing", "authorized") else None


def request_of(payment: Payment, order: PayableOrder) -> IntentRequest:
    """Return what a payment's intent is made of."""
    return IntentRequest(
        payment_id=payment.pk,
        attempt=payment.attempt,
        order_id=order.id,
        number=order.number,
        amount=Money(payment.amount, payment.currency),
        email=order.email,
        captures_later=payment.captures_later,
        customer_id=payment.stripe_customer,
    )
