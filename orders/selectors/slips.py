"""What stands on the slip in a parcel: what is in it, and what of the order is still to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orders.models import Shipment, ShipmentLine
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from orders.models import Order, OrderLine


@dataclass(frozen=True, kw_only=True)
class SlipLine:
    """A line of the order: how much of it is in the parcel, and how much comes after it."""

    sku: str
    name: str
    options: Mapping[str, str]
    packed: int
    to_come: int


@dataclass(frozen=True, kw_only=True)
class Slip:
    """A parcel with its order; ``address`` is the row of where it goes, or None where that isn't known any more."""

    number: str
    language: str
    placed_at: datetime
    shipped_at: datetime
    position: int
    carrier: str
    tracking_number: str
    address: Mapping[str, Any] | None
    lines: list[SlipLine]

    @property
    def packed(self) -> list[SlipLine]:
        """What is in the parcel."""
        return [line for line in self.lines if line.packed]

    @property
    def to_come(self) -> list[SlipLine]:
        """What isn't in it and comes later."""
        return [line for line in self.lines if line.to_come]


def slip_of(order: Order, shipment_id: UUID) -> Slip:
    """
    Return what the slip of a parcel says; four statements.

    What is still to come counts from this parcel on, so a slip that is printed again says the same, but for what was
    cancelled since.

    :raises NotFound: the order has no such parcel.
    """
    parcel = Shipment.objects.filter(order=order, pk=shipment_id).first()
    if parcel is None:
        raise NotFound
    upto: dict[UUID, int] = {}
    here: dict[UUID, int] = {}
    held = ShipmentLine.objects.filter(shipment__order=order, shipment__position__lte=parcel.position)
    for pk, units, position in held.values_list("line", "quantity", "shipment__position"):
        upto[pk] = upto.get(pk, 0) + units
        if position == parcel.position:
            here[pk] = units
    lines = order.lines.filter(requires_shipping=True).order_by("position")
    return Slip(
        number=order.number,
        language=order.language,
        placed_at=order.placed_at,
        shipped_at=parcel.shipped_at,
        position=parcel.position,
        carrier=parcel.carrier_name,
        tracking_number=parcel.tracking_number,
        address=order.addresses.filter(kind="shipping").values().first(),
        lines=[_line(line, here.get(line.pk, 0), upto.get(line.pk, 0)) for line in lines],
    )


def _line(line: OrderLine, packed: int, upto: int) -> SlipLine:
    return SlipLine(
        sku=line.sku,
        name=line.name,
        options=line.options,
        packed=packed,
        to_come=max(0, line.quantity - line.cancelled - upto),
    )
