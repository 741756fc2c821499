"""What the catalogue announces: ids and facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shop.events.event import Event


@dataclass(frozen=True, kw_only=True)
class ProductRestocked(Event):
    """Variants that customers wait for have units to sell again. ``variants`` are ``{variant_id}``."""

    type = "products.product_restocked.v1"
    key = "product_id"

    product_id: int
    variants: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class StockAlertDue(Event):
    """A customer's turn has come to hear that a variant is back."""

    type = "products.stock_alert_due.v1"
    key = "product_id"

    product_id: int
    variant_id: int
    user_id: UUID
    alert_id: int


@dataclass(frozen=True, kw_only=True)
class StockLow(Event):
    """No more of some variants is free than staff want to be told of. ``variants`` are ``{variant_id, available}``."""

    type = "products.stock_low.v1"
    key = "product_id"

    product_id: int
    variants: list[dict[str, Any]]
