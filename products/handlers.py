"""What the catalogue hears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from products import services
from shop.events.registry import handles

if TYPE_CHECKING:
    from datetime import datetime

    from shop.events.registry import Received


@handles("orders.order_paid.v1", group="products")
def on_order_paid(event: Received, now: datetime) -> None:
    """Remember who has bought what: reviews of it are verified."""
    fact: Any = event.fact
    if fact.user_id is not None:
        bought = [line["product_id"] for line in fact.lines]
        services.remember_purchase(user_id=fact.user_id, product_ids=bought)


@handles("orders.order_claimed.v1", group="products")
def on_order_claimed(event: Received, now: datetime) -> None:
    """Remember what a guest has bought whose order is an account's now."""
    fact: Any = event.fact
    bought = [line["product_id"] for line in fact.lines]
    services.remember_purchase(user_id=fact.user_id, product_ids=bought)


@handles("products.product_restocked.v1", group="products")
def on_product_restocked(event: Received, now: datetime) -> None:
    """Let those who wait know, in the order in which they asked."""
    fact: Any = event.fact
    for variant in fact.variants:
        services.serve_waiting(variant_id=variant["variant_id"], now=now)
