"""The proof that nothing of an order has changed since it was placed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.models import Order, OrderAddress, OrderLine

_AMOUNTS = (
    "currency", "subtotal", "discount_total", "shipping_total", "shipping_discount", "shipping_tax", "tax_total",
    "tax_added", "total", "prices_include_tax", "tax_lines", "shipping_method", "coupons",
)  # fmt: skip
# Not in the digest while they are empty: orders of before they were kept have the digests of then.
_SINCE_THEN = ("tax_treatment", "tax_rounding", "vat_id", "discounts", "terms_version", "age_confirmed")
_PER_LINE = (
    "variant_id", "sku", "name", "options", "quantity", "unit_price", "line_total", "discount_amount", "tax_name",
    "tax_rate", "tax_amount",
)  # fmt: skip
_PER_ADDRESS = (
    "kind", "full_name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone",
)  # fmt: skip


def digest(order: Order, lines: Iterable[OrderLine], addresses: Iterable[OrderAddress]) -> str:
    """Return the SHA-256 of everything that was agreed at placing; the same from memory and from the database."""
    said: dict[str, Any] = {
        "order": {
            **_values(order, _AMOUNTS),
            **{name: value for name, value in _values(order, _SINCE_THEN).items() if value},
        },
        "lines": [_values(line, _PER_LINE) for line in sorted(lines, key=lambda line: line.position)],
        "addresses": [_values(address, _PER_ADDRESS) for address in sorted(addresses, key=lambda a: a.kind)],
    }
    # PostgreSQL doesn't keep the order of keys in JSON, so they are sorted.
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _values(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
