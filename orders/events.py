"""What orders announce: ids and facts, never a name or an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shop.events.event import Event


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
    """An order is paid, or had nothing to pay. ``lines`` are ``{product_id, variant_id, quantity}``."""

    type = "orders.order_paid.v1"
    key = "order_id"

    order_id: UUID
    user_id: UUID | None
    currency: str
    total: int
    lines: list[dict[str, Any]]
    # None in what was announced before it was there.
    cart_id: UUID | None = None


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
