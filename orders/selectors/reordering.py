"""What of an order can be had again, as staff would place it for its customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.shapes import addresses_json
from products import selectors as products

if TYPE_CHECKING:
    from datetime import datetime

    from products.selectors import Offer


def staff_reorder(order: Any, *, now: datetime) -> dict[str, Any]:
    """
    Return an order, read by ``ready``, as the body of a new one that staff place; one statement, nothing is written.

    What is gone is left out, and of what is short as much is named as there is; ``changes`` says both.
    """
    offers = products.offers_in(
        [line["variant_id"] for line in order.line_rows],
        currency=order.currency,
        now=now,
        language=order.language,
    )
    items, changes = [], []
    for line in order.line_rows:
        units = _units(offers.get(line["variant_id"]), line["quantity"])
        if units < line["quantity"]:
            changes.append(_change(offers.get(line["variant_id"]), line, units))
        if units:
            items.append({"variant": line["variant_id"], "quantity": units})
    kept = addresses_json(order)
    return {
        "customer": None if order.user_id is None else str(order.user_id),
        "email": order.email,
        "language": order.language,
        "currency": order.currency,
        "items": items,
        "shipping_address": kept.get("shipping"),
        "billing_address": kept.get("billing"),
        "shipping_method": order.shipping_method,
        "vat_id": order.vat_id,
        "changes": changes,
    }


def _units(offer: Offer | None, wanted: int) -> int:
    if offer is None or not offer.for_sale or offer.price is None:
        return 0
    return wanted if offer.sellable is None else min(wanted, offer.sellable)


def _change(offer: Offer | None, line: dict[str, Any], units: int) -> dict[str, Any]:
    """Return what stands in the way, as the cart says it."""
    if offer is None or not offer.for_sale or offer.price is None:
        return {"code": "gone", "item": None, "old": line["sku"], "new": None}
    return {"code": "stock_short", "item": None, "old": line["quantity"], "new": units, "sku": line["sku"]}
