"""What the goods of an order say about it: where its fulfilment stands, and what units of a line are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.models import Order, OrderLine
from orders.moves import FULFILMENT, STATUS, allowed
from orders.services.moving import move
from shop.core.money import payable_step

if TYPE_CHECKING:
    from datetime import datetime

    from orders.services.moving import Actor

_State = Order.FulfilmentStatus
_ALL_THERE = (_State.DELIVERED, _State.RETURNED)


def settle_goods(order: Order, *, actor: Actor, now: datetime) -> None:
    """
    Move a locked order to where its lines and parcels say it is, and complete it when all of it has arrived.

    Called after every change of a line's counters or of a parcel, in the caller's transaction.
    """
    target = _derived(order)
    while order.fulfilment_status != target:
        ways = allowed(FULFILMENT, order.fulfilment_status)
        # What jumps a step has passed it: a rest that was cancelled makes a partial order a shipped one first.
        move(order, FULFILMENT, target if target in ways else _State.SHIPPED.value, actor=actor, now=now)
    if order.fulfilment_status in _ALL_THERE and order.status == Order.Status.CONFIRMED:
        move(order, STATUS, Order.Status.COMPLETED, actor=actor, now=now)


def open_quantity(line: OrderLine) -> int:
    """Return how many units of a line are still to be sent."""
    return line.quantity - line.cancelled - line.shipped


def _derived(order: Order) -> str:
    lines = [line for line in order.lines.all().order_by("position") if line.requires_shipping]
    shipped = sum(line.shipped for line in lines)
    if not shipped:
        return order.fulfilment_status
    if sum(open_quantity(line) for line in lines):
        return _State.PARTIAL.value
    if sum(line.returned for line in lines) == shipped:
        return _State.RETURNED.value
    if order.shipments.filter(delivered_at__isnull=True).exists():
        return _State.SHIPPED.value
    return _State.DELIVERED.value


def worth(order: Order, line: OrderLine, quantity: int, *, given_back: int = 0) -> int:
    """
    Return what the next so many units of a line give back, minor units: price less discount, with tax on top.

    Counted from the units that are cancelled or returned already, so that all parts together are the whole to the
    cent, in whatever portions it goes. Shipping isn't part of it.

    :param quantity: units beyond those that ``line.cancelled`` and ``line.returned`` count.
    :param given_back: units whose money went back although they are neither.
    """
    whole = line.line_total - line.discount_amount + (0 if order.prices_include_tax else line.tax_amount)
    gone = line.cancelled + line.returned + given_back
    step = payable_step(order.currency)
    upto, before = (_part(whole, units, line.quantity, step=step) for units in (gone + quantity, gone))
    return upto - before


def _part(whole: int, units: int, of: int, *, step: int) -> int:
    """Return the part of a whole, half up to what a card can be given back; all units are exactly the whole."""
    if units == of:
        return whole
    return step * ((2 * whole * units + of * step) // (2 * of * step))
