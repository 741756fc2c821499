"""What always holds between orders and the money taken for them, in our own books; ``ledgers`` asks Stripe's too."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from orders.models import Order
from orders.tests.invariants.violations import total, violations
from payments.models import Payment, Refund

_ARRIVED = ("paid", "partially_refunded", "refunded")
_IS_GOING = ("requested", "sent", "succeeded")


@violations
def more_back_than_taken() -> Any:
    """M7: payments of which more goes back than was taken."""
    going = total(Refund, "amount", payment=OuterRef("pk"), state__in=_IS_GOING)
    payments = Payment.objects.annotate(going=going)
    return payments.filter(captured__lt=F("going")).values_list("pk", "captured", "going")


@violations
def refunds_differ() -> Any:
    """M7: orders that say another sum went back than did, or whose payment status doesn't say so."""
    of_order = {"payment__order": OuterRef("pk"), "payment__pays_order": True, "state": "succeeded"}
    orders = Order.objects.annotate(back=total(Refund, "amount", **of_order))
    says = (
        Q(payment_status="refunded", back=F("total"))
        | Q(payment_status="partially_refunded", back__gt=0, back__lt=F("total"))
        | Q(back=0) & ~Q(payment_status__in=("refunded", "partially_refunded"))
    )
    return orders.exclude(says, refunded_total=F("back")).values_list("number", "refunded_total", "back")


@violations
def paid_without_money() -> Any:
    """P3: orders that are paid without a payment of their total, or not paid with one."""
    right = Payment.objects.filter(
        order=OuterRef("pk"), pays_order=True, status="succeeded", captured=OuterRef("total")
    )
    right = right.filter(currency=OuterRef("currency"))
    is_paid = Q(payment_status__in=_ARRIVED)
    orders = Order.objects.filter(is_paid & ~Exists(right) | ~is_paid & Exists(right))
    return orders.values_list("number", "payment_status", "total")


@violations
def unwanted_without_exception() -> Any:
    """P2: money that came and pays nothing, and that nobody was told of."""
    payments = Payment.objects.filter(status="succeeded", pays_order=False, exceptions__isnull=True)
    return payments.values_list("pk", "order", "captured")


@violations
def in_another_currency() -> Any:
    """M4: refunds in another currency than their payment's."""
    wrong = Refund.objects.exclude(currency=F("payment__currency"))
    return wrong.values_list("pk", "currency", "payment__currency")


CHECKS = {
    "M4": in_another_currency,
    "M7 taken": more_back_than_taken,
    "M7 orders": refunds_differ,
    "P2": unwanted_without_exception,
    "P3": paid_without_money,
}
