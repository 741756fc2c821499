"""How an order ends before it was sent: cancelled or expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from orders.errors import TransitionNotAllowed
from orders.events import OrderCancelled, OrderExpired
from orders.models import Order, OrderMove
from orders.moves import STATUS, allowed
from orders.services.moving import Actor, locked, move
from products import services as products
from shop.audit import services as audit
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_PAID = (Order.PaymentStatus.PAID, Order.PaymentStatus.PARTIALLY_REFUNDED)


@transaction.atomic
def cancel_order(*, order_id: UUID, actor: Actor, now: datetime) -> None:
    """
    Cancel an order of which nothing was sent; its stock goes back in the same transaction.

    Money goes back by the event. Locks: order, stock by variant, reservations. Emits:
    ``orders.order_cancelled.v1``.

    :raises TransitionNotAllowed: something was sent, or the order has ended already; nothing is written.
    """
    order = locked(order_id)
    if (
        order.fulfilment_status != Order.FulfilmentStatus.UNFULFILLED
        or order.status == Order.Status.CANCELLED
    ):
        open_ways = [to for to in allowed(STATUS, order.status) if to != Order.Status.CANCELLED]
        raise TransitionNotAllowed(here=order.status, to=Order.Status.CANCELLED.value, allowed=open_ways)
    move(order, STATUS, Order.Status.CANCELLED, actor=actor, now=now)
    products.release(order_ref=order.pk, now=now)
    # What staff took off the order before is in stock again already.
    left = {line.variant_id: rest for line in order.lines.all() if (rest := line.quantity - line.cancelled)}
    products.return_to_stock(order_ref=order.pk, quantities=left, ref=order.pk, actor_id=actor.id, now=now)
    publish(
        OrderCancelled(
            order_id=order.pk,
            version=order.version,
            cart_id=order.cart_id,
            was_paid=order.payment_status in _PAID,
        ),
        now=now,
    )
    if actor.kind == OrderMove.Actor.STAFF:
        audit.record(actor_id=actor.id, action="orders.cancelled", target=order, now=now)


@transaction.atomic
def expire(*, order_id: UUID, now: datetime) -> None:
    """
    End an order that wasn't paid in time; its holds are released. A second time does nothing.

    Only payments calls this, once Stripe can't take money for it any more. Locks: order, stock by variant,
    reservations. Emits: ``orders.order_expired.v1``.

    :raises TransitionNotAllowed: the order isn't pending; nothing is written.
    """
    order = locked(order_id)
    if order.status == Order.Status.EXPIRED:
        return
    move(order, STATUS, Order.Status.EXPIRED, actor=Actor(cause="not paid in time"), now=now)
    products.release(order_ref=order.pk, now=now)
    publish(OrderExpired(order_id=order.pk, version=order.version, cart_id=order.cart_id), now=now)
