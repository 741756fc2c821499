"""Goods on their way: parcels that are sent, and that arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q

from orders.errors import NotPaid, TransitionNotAllowed
from orders.events import ShipmentDelivered, ShipmentSent
from orders.models import Order, Shipment, ShipmentLine
from orders.moves import FULFILMENT, allowed
from orders.selectors.carriers import carriage
from orders.services.counting import count, lines_of, more, require_within
from orders.services.goods import open_quantity, settle_goods
from orders.services.moving import locked, move
from shop.audit import services as audit
from shop.core.errors import NotFound
from shop.events.outbox import publish, publish_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from orders.models import OrderLine
    from orders.services.moving import Actor

_Goods = Order.FulfilmentStatus
# Goods leave for money that is there, or that the bank holds for the shop.
_SECURED = (
    Order.PaymentStatus.PAID,
    Order.PaymentStatus.PARTIALLY_REFUNDED,
    Order.PaymentStatus.AUTHORIZED,
)


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """
    What staff hand to a carrier: units of lines by the line's id, or None for everything that is left to send.

    The carrier is one of the shop's by code or name, or any words.
    """

    carrier: str
    tracking_number: str = ""
    quantities: Mapping[UUID, int] | None = None


@transaction.atomic
def ship(*, order_id: UUID, parcel: Parcel, actor: Actor, now: datetime) -> UUID:
    """
    Send a parcel of an order and return its id; a constant number of statements whatever the number of lines.

    Locks: order. Emits: ``orders.shipment_sent.v1``.

    :raises NotPaid: its money is neither there nor authorized.
    :raises TransitionNotAllowed: it was cancelled or has expired, or nothing is left to send.
    :raises ValidationFailed: a line isn't the order's, or more of it is named than is left. Nothing is written.
    """
    order = locked(order_id)
    lines = lines_of(order)
    _require_sendable(order, lines)
    quantities = parcel.quantities
    if quantities is None:
        quantities = {pk: open_quantity(line) for pk, line in lines.items() if _is_open(line)}
    require_within(lines, quantities, left=open_quantity, left_to="send")
    if not count(
        "shipped", quantities, room=Q(quantity__gte=F("shipped") + F("cancelled") + more(quantities))
    ):
        raise _refusal(order)
    shipment = _write(order, parcel, quantities, actor=actor, now=now)
    settle_goods(order, actor=actor, now=now)
    last = order.fulfilment_status != _Goods.PARTIAL
    publish(ShipmentSent(shipment_id=shipment.pk, version=1, order_id=order.pk, last=last), now=now)
    audit.record(actor_id=actor.id, action="orders.shipped", target=order, now=now, shipment=str(shipment.pk))
    return shipment.pk


@transaction.atomic
def deliver(*, order_id: UUID, shipment_id: UUID | None, actor: Actor, now: datetime) -> None:
    """
    Take note that one parcel of an order has arrived, or all that are on their way.

    An order of which nothing has to be sent is delivered by this alone. When all of an order is there, it is
    completed. Locks: order. Emits: ``orders.shipment_delivered.v1`` for each parcel.

    :raises NotFound: the order has no such parcel.
    :raises TransitionNotAllowed: nothing is on its way; nothing is written.
    """
    order = locked(order_id)
    parcels = list(order.shipments.order_by("position"))
    if shipment_id is not None:
        parcels = [parcel for parcel in parcels if parcel.pk == shipment_id]
        if not parcels:
            raise NotFound
    under_way = [parcel for parcel in parcels if parcel.delivered_at is None]
    if not under_way:
        _hand_over(order, actor=actor, now=now)
    else:
        _arrived(order, under_way, actor=actor, now=now)
    audit.record(actor_id=actor.id, action="orders.delivered", target=order, now=now)


def _arrived(order: Order, parcels: list[Shipment], *, actor: Actor, now: datetime) -> None:
    keys = [parcel.pk for parcel in parcels]
    Shipment.objects.filter(pk__in=keys, delivered_at__isnull=True).update(delivered_at=now, version=2)
    settle_goods(order, actor=actor, now=now)
    publish_all([ShipmentDelivered(shipment_id=key, version=2, order_id=order.pk) for key in keys], now=now)


def _hand_over(order: Order, *, actor: Actor, now: datetime) -> None:
    """Deliver an order of services or files: nothing of it goes by parcel."""
    here = order.fulfilment_status
    nothing_to_send = not order.lines.filter(requires_shipping=True).exists()
    ready = order.status == Order.Status.CONFIRMED and here == _Goods.UNFULFILLED
    if not (nothing_to_send and ready):
        ways = [to for to in allowed(FULFILMENT, here) if to != _Goods.DELIVERED]
        raise TransitionNotAllowed(here=here, to=_Goods.DELIVERED.value, allowed=ways)
    if order.payment_status not in _SECURED:
        raise NotPaid
    move(order, FULFILMENT, _Goods.DELIVERED.value, actor=actor, now=now)
    settle_goods(order, actor=actor, now=now)


def _require_sendable(order: Order, lines: Mapping[UUID, OrderLine]) -> None:
    waits_for_money = order.status == Order.Status.PENDING
    stands = order.status == Order.Status.CONFIRMED
    if waits_for_money or (stands and order.payment_status not in _SECURED):
        raise NotPaid
    if not stands or not any(_is_open(line) for line in lines.values()):
        raise _refusal(order)


def _is_open(line: OrderLine) -> bool:
    return line.requires_shipping and open_quantity(line) > 0


def _refusal(order: Order) -> TransitionNotAllowed:
    here = order.fulfilment_status
    ways = [to for to in allowed(FULFILMENT, here) if to not in (_Goods.PARTIAL, _Goods.SHIPPED)]
    return TransitionNotAllowed(here=here, to=_Goods.SHIPPED.value, allowed=ways)


def _write(
    order: Order, parcel: Parcel, quantities: Mapping[UUID, int], *, actor: Actor, now: datetime
) -> Shipment:
    by = carriage(parcel.carrier, tracking_number=parcel.tracking_number)
    shipment = Shipment.objects.create(
        order=order,
        position=order.shipments.count() + 1,
        carrier=by.carrier,
        carrier_name=by.name,
        tracking_number=parcel.tracking_number,
        tracking_url=by.url,
        shipped_at=now,
        actor_id=actor.id,
    )
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, line_id=pk, quantity=units) for pk, units in quantities.items()
    )
    return shipment
