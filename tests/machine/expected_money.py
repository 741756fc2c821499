"""What money must do to the model: as Stripe has it, and as the shop learns of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.machine.model import ARRIVED, Back, Pay, Refused, refuse_unless

if TYPE_CHECKING:
    from tests.machine.model import Model, Order

_NEXT = {
    "requested": ("sent", "succeeded", "failed"),
    "sent": ("succeeded", "failed"),
    "succeeded": ("failed",),
    "failed": (),
}
_HERE = {"pending": "sent", "succeeded": "succeeded", "failed": "failed"}


def start(model: Model, order: Order) -> None:
    """Begin to pay, or go on."""
    refuse_unless(order.status == "pending" and order.payment not in ARRIVED, "order_not_payable")
    refuse_unless(order.due >= model.now or order.payment == "processing", "order_not_payable")
    if order.pay is None:
        order.pay = Pay(order.total)
    refuse_unless(order.pay.wanted_gone is None, "order_not_payable")


def settle(model: Model, order: Order) -> None:
    """Learn how a payment and its refunds stand at Stripe."""
    pay = order.pay
    assert pay is not None
    if pay.is_open and pay.there == "succeeded":
        _succeed(model, order, pay)
    elif pay.is_open and pay.there == "canceled":
        pay.here = "canceled"
        if order.status == "pending" and order.payment == "processing":
            order.payment, order.until = "unpaid", order.due
    elif pay.is_open:
        _progress(model, order, pay)
    for back in pay.refunds:
        if back.there:
            record(order, pay, back)


def _progress(model: Model, order: Order, pay: Pay) -> None:
    pay.here = "processing" if pay.there == "processing" else "requires_payment"
    if order.status != "pending":
        pay.wanted_gone = pay.wanted_gone or model.now
        return
    order.payment = {"waiting": "unpaid", "declined": "failed", "processing": "processing"}[pay.there]
    order.until = None if pay.there == "processing" else order.due


def _succeed(model: Model, order: Order, pay: Pay) -> None:
    pay.here, pay.captured = "succeeded", pay.amount
    try:
        _sell(model, order)
    except Refused:
        pay.refunds.append(Back(pay.amount))
        return
    pay.pays = True
    order.status, order.payment = "confirmed", "paid"
    model.told.append(("paid", order, 0))


def _sell(model: Model, order: Order) -> None:
    refuse_unless(order.status in ("pending", "expired"), "order_cancelled")
    lost = {line.goods.key: line.quantity for line in order.lines if line.goods.key not in order.holds}
    model.hold(order, lost, None)
    for line in order.lines:
        line.goods.on_hand -= line.quantity
    order.holds, order.was_sold = {}, True


def record(order: Order, pay: Pay, back: Back) -> None:
    """Bring a refund to where Stripe has it."""
    state = _HERE[back.there]
    if state not in _NEXT[back.here]:
        return
    back.here = state
    if not pay.pays or state == "sent":
        return
    order.refunded = sum(one.amount for one in pay.refunds if one.here == "succeeded")
    part = "partially_refunded" if order.refunded else "paid"
    order.payment = "refunded" if order.refunded == order.total else part


def give_back(model: Model, order: Order) -> None:
    """Hear that an order was cancelled."""
    pay = order.pay
    if pay is None:
        return
    if pay.is_open:
        pay.wanted_gone = pay.wanted_gone or model.now
    if pay.pays:
        refund_part(order, pay.left)


def refund_part(order: Order, amount: int) -> None:
    """Hear that part of an order's money goes back: at most what is left of it."""
    pay = order.pay
    if pay is not None and pay.pays and (part := min(amount, pay.left)) > 0:
        pay.refunds.append(Back(part))


def refund_by_staff(order: Order, amount: int | None) -> None:
    """Send money back because somebody said so."""
    pay = order.pay
    assert pay is not None
    amount = pay.left if amount is None else amount
    refuse_unless(1 <= amount <= pay.left, "refund_too_large")
    pay.refunds.append(Back(amount))


def send(order: Order, back: Back) -> None:
    """Have Stripe make a refund: at once for a card, later for a debit."""
    pay = order.pay
    assert pay is not None
    back.there = "pending" if pay.is_debit else "succeeded"
    record(order, pay, back)


def end_intent(model: Model, order: Order) -> None:
    """Cancel an intent if it still can be, and learn how it stands."""
    pay = order.pay
    assert pay is not None
    if pay.there in ("waiting", "declined"):
        pay.there = "canceled"
    settle(model, order)


def expire(model: Model, order: Order) -> None:
    """End an order that wasn't paid, whatever Stripe says."""
    if order.status == "expired":
        return
    refuse_unless(order.status == "pending", "transition_not_allowed")
    order.status, order.holds = "expired", {}
    model.told.append(("expired", order, 0))


def expire_overdue(model: Model) -> None:
    """End all orders that weren't paid in time, once Stripe can't be paid for them."""
    late = [
        order
        for order in model.orders
        if order.status == "pending" and order.due < model.now and order.payment != "processing"
    ]
    for order in sorted(late, key=lambda order: order.due):
        if order.pay is not None and order.pay.is_open:
            end_intent(model, order)
        if order.status == "pending" and not (order.pay and order.pay.is_open):
            expire(model, order)


def hear(model: Model, kind: str, order: Order, amount: int) -> None:
    """Let coupons and payments hear an event."""
    if kind in ("cancelled", "expired") and order.use == "held":
        order.use = "released"
        model.used -= 1
    if kind == "paid" and order.use == "released" and model.used < model.most_uses:
        order.use = "held"
        model.used += 1
    if kind == "cancelled":
        give_back(model, order)
    if kind == "part":
        refund_part(order, amount)
