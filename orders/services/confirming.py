"""What money does to an order: under way, arrived, late, gone back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from orders.events import OrderAuthorized, OrderPaid, SoldLine
from orders.models import Order
from orders.moves import HOLD_RELEASED, PAYMENT, STATUS, UNDER_WAY
from orders.services.moving import Actor, locked, move
from products import services as products
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from orders.models import OrderLine

# Where an order is once its money has arrived, however much of it has gone back since.
ARRIVED = (
    Order.PaymentStatus.PAID,
    Order.PaymentStatus.PARTIALLY_REFUNDED,
    Order.PaymentStatus.REFUNDED,
)
# Where an order is once somebody counts on it: its stock is sold.
_STANDS = (Order.Status.CONFIRMED, Order.Status.COMPLETED)


def confirm(order: Order, *, actor: Actor, now: datetime) -> None:
    """
    Sell the stock of a locked order and mark it confirmed and paid; it may be pending or expired.

    Emits: ``orders.order_paid.v1``.

    :raises TransitionNotAllowed: the order is cancelled.
    :raises OutOfStock: its hold was lost and can't be had again. In each case nothing is written.
    """
    move(order, STATUS, Order.Status.CONFIRMED, actor=actor, now=now)
    move(order, PAYMENT, Order.PaymentStatus.PAID, actor=actor, now=now)
    lines = list(order.lines.order_by("position"))
    products.sell(order_ref=order.pk, quantities={line.variant_id: line.quantity for line in lines}, now=now)
    _announce_paid(order, lines, now=now)


def _announce_paid(order: Order, lines: list[OrderLine], *, now: datetime) -> None:
    publish(
        OrderPaid(
            order_id=order.pk,
            version=order.version,
            user_id=order.user_id,
            currency=order.currency,
            total=order.total,
            cart_id=order.cart_id,
            lines=[
                SoldLine(product_id=line.product_id, variant_id=line.variant_id, quantity=line.quantity)
                for line in lines
            ],
        ),
        now=now,
    )


@transaction.atomic
def mark_paid(*, order_id: UUID, now: datetime) -> None:
    """
    Take note that the whole total has arrived; a second time does nothing.

    Locks: order, stock by variant. Emits: ``orders.order_paid.v1``.

    :raises TransitionNotAllowed: the order is cancelled.
    :raises OutOfStock: its hold was lost and can't be had again. In each case nothing is written.
    """
    order = locked(order_id)
    if order.payment_status in ARRIVED:
        return
    if order.status in _STANDS:
        # It was confirmed for money that has only now been taken; its stock is sold.
        move(order, PAYMENT, Order.PaymentStatus.PAID, actor=Actor(cause="paid"), now=now)
        _announce_paid(order, list(order.lines.order_by("position")), now=now)
        return
    confirm(order, actor=Actor(cause="paid"), now=now)


@transaction.atomic
def mark_authorized(*, order_id: UUID, now: datetime) -> None:
    """
    Confirm an order whose money the bank holds until the goods leave; a second time does nothing.

    Locks: order, stock by variant. Emits: ``orders.order_authorized.v1``.

    :raises TransitionNotAllowed: the order is cancelled.
    :raises OutOfStock: its hold was lost and can't be had again. In each case nothing is written.
    """
    order = locked(order_id)
    if order.payment_status in (*ARRIVED, Order.PaymentStatus.AUTHORIZED) and order.status in _STANDS:
        return
    actor = Actor(cause="authorized")
    if order.status not in _STANDS:
        move(order, STATUS, Order.Status.CONFIRMED, actor=actor, now=now)
    move(order, PAYMENT, Order.PaymentStatus.AUTHORIZED, actor=actor, now=now)
    products.sell(
        order_ref=order.pk, quantities=dict(order.lines.values_list("variant_id", "quantity")), now=now
    )
    publish(
        OrderAuthorized(
            order_id=order.pk,
            version=order.version,
            user_id=order.user_id,
            currency=order.currency,
            total=order.total,
        ),
        now=now,
    )


@transaction.atomic
def payment_progressed(*, order_id: UUID, payment_status: str, now: datetime) -> None:
    """
    Take note of how a payment goes on, short of its success. Locks: order, reservations.

    Holds stay for as long as money is under way, and run out at the order's own time again when it isn't.

    :param payment_status: ``unpaid``, ``processing``, ``authorized`` or ``failed``.
    :raises TransitionNotAllowed: the order is paid already; nothing is written.
    """
    order = locked(order_id)
    actor = Actor(cause=f"payment {payment_status}")
    move(order, PAYMENT, payment_status, actor=actor, now=now)
    under_way = payment_status in UNDER_WAY
    products.set_hold_expiry(order_ref=order.pk, expires_at=None if under_way else order.payment_due_at)


@transaction.atomic
def refunded(*, order_id: UUID, refunded_total: int, never_taken: bool = False, now: datetime) -> None:
    """
    Take note of how much of an order's money has gone back in all, or was never taken. Locks: order.

    :param refunded_total: minor units, at most the order's total.
    :param never_taken: whether all of it was only held, so that nothing is on its way back.
    """
    order = locked(order_id)
    Order.objects.filter(pk=order_id).update(refunded_total=refunded_total)
    if order.payment_status not in ARRIVED:
        return
    whole = refunded_total >= order.total
    to = Order.PaymentStatus.REFUNDED if whole else Order.PaymentStatus.PARTIALLY_REFUNDED
    move(
        order,
        PAYMENT,
        to if refunded_total else Order.PaymentStatus.PAID,
        actor=Actor(cause=HOLD_RELEASED if never_taken else "refund"),
        now=now,
    )


@transaction.atomic
def mark_disputed(*, order_id: UUID, disputed: bool) -> None:
    """Take note of whether a cardholder disputes money of an order; no state moves by it. Locks: order."""
    locked(order_id)
    Order.objects.filter(pk=order_id).exclude(disputed=disputed).update(disputed=disputed)
