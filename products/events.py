"""What the catalogue announces: ids and facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from shop.events.event import Event


class BackVariant(TypedDict):
    """A variant that can be had again."""

    variant_id: int


class LowVariant(TypedDict):
    """A variant, and how many of it are free."""

    variant_id: int
    available: int


@dataclass(frozen=True, kw_only=True)
class ProductRestocked(Event):
    """Variants that customers wait for have units to sell again."""

    type = "products.product_restocked.v1"
    key = "product_id"

    product_id: int
    variants: list[BackVariant]


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
    """No more of some variants is free than staff want to be told of."""

    type = "products.stock_low.v1"
    key = "product_id"

    product_id: int
    variants: list[LowVariant]
