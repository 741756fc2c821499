"""What orders announce: ids and facts, never a name or an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

from shop.events.event import Event


class SoldLine(TypedDict):
    """Units of a variant that an order has."""

    product_id: int
    variant_id: int
    quantity: int


class LineUnits(TypedDict):
    """Units of an order's line: such as won't be sent, or came back."""

    line_id: UUID
    quantity: int


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(Event):
    """An order exists and holds its stock; ``total`` in minor units."""

    type = "orders.order_placed.v1"
    key = "order_id"

    order_id: UUID
    user_id: UUID | None
    currency: str
    total: int


@dataclass(frozen=True, kw_only=True)
class OrderPaid(Event):
    """An order is paid, or had nothing to pay."""

    type = "orders.order_paid.v1"
    key = "order_id"

    order_id: UUID
    user_id: UUID | None
    currency: str
    total: int
    lines: list[SoldLine]
    # None in what was announced before it was there.
    cart_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class OrderAuthorized(Event):
    """An order stands, and the bank holds its money until the goods leave; ``orders.order_paid.v1`` follows then."""

    type = "orders.order_authorized.v1"
    key = "order_id"

    order_id: UUID
    user_id: UUID | None
    currency: str
    total: int


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(Event):
    """An order was cancelled; ``was_paid`` says that money must go back."""

    type = "orders.order_cancelled.v1"
    key = "order_id"

    order_id: UUID
    cart_id: UUID
    was_paid: bool


@dataclass(frozen=True, kw_only=True)
class OrderExpired(Event):
    """An order wasn't paid in time and gave its stock back."""

    type = "orders.order_expired.v1"
    key = "order_id"

    order_id: UUID
    cart_id: UUID


@dataclass(frozen=True, kw_only=True)
class ShipmentSent(Event):
    """A parcel is on its way; ``last`` says that nothing of the order is left to send."""

    type = "orders.shipment_sent.v1"
    key = "shipment_id"

    shipment_id: UUID
    order_id: UUID
    last: bool


@dataclass(frozen=True, kw_only=True)
class ShipmentDelivered(Event):
    """A parcel has arrived."""

    type = "orders.shipment_delivered.v1"
    key = "shipment_id"

    shipment_id: UUID
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class LinesCancelled(Event):
    """Part of a confirmed order won't be sent; ``amount`` in minor units must go back for it."""

    type = "orders.lines_cancelled.v1"
    key = "cancellation_id"

    cancellation_id: UUID
    order_id: UUID
    amount: int
    currency: str
    lines: list[LineUnits]


@dataclass(frozen=True, kw_only=True)
class ReturnMoved(Event):
    """A return took a step; ``amount`` in minor units must go back once its status is ``refunded``."""

    type = "orders.return_moved.v1"
    key = "return_id"

    return_id: UUID
    order_id: UUID
    status: str
    amount: int | None
    currency: str
    # What came back; empty until something has, and in what was announced before it was there.
    lines: list[LineUnits] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class NoteAdded(Event):
    """Staff have written something for the owner of an order to read."""

    type = "orders.note_added.v1"
    key = "note_id"

    note_id: UUID
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrderLinkRequested(Event):
    """Somebody who knows its number and address asked for the link to an order. Each request has an id."""

    type = "orders.order_link_requested.v1"
    key = "request_id"

    request_id: UUID
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrderClaimed(Event):
    """A guest's order belongs to an account now; ``lines`` as in ``orders.order_paid.v1``, empty while unpaid."""

    type = "orders.order_claimed.v1"
    key = "order_id"

    order_id: UUID
    user_id: UUID
    lines: list[SoldLine]
