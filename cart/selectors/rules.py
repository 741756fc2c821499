"""What prices a cart, made of the rows that were loaded with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cart import pricing
from cart.coupons import is_theirs, is_usable

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAME = (
    "name", "kind", "value", "currency", "first_order", "min_subtotal", "min_quantity", "priority", "combines",
)  # fmt: skip


def promotions_of(cart: Any) -> list[pricing.Promotion]:
    """Return the promotions that a loaded cart might have: those that need no code, and those of its codes."""
    codes: dict[int, Mapping[str, Any]] = {}
    # Of several codes for one promotion the first counts that can be used: another must not stand in its way.
    for code in sorted(cart.codes, key=lambda code: not is_usable(code, cart.user_id)):
        codes.setdefault(code["promotion_id"], code)
    return [
        _promotion(row, codes.get(row["id"]), cart.user_id)
        for row in cart.promotions
        if not row["needs_code"] or row["id"] in codes
    ]


def customer_of(cart: Any) -> pricing.Customer:
    """Return who buys, as far as promotions ask."""
    return pricing.Customer(
        known=cart.user_id is not None,
        groups=frozenset(group["code"] for group in cart.groups),
        has_bought=bool(cart.has_bought),
    )


def _promotion(row: Mapping[str, Any], code: Mapping[str, Any] | None, user_id: Any) -> pricing.Promotion:
    used, max_uses = row["used"], row["max_uses"]
    # The tighter of two limits is the one that is nearer.
    if (
        code
        and code["max_uses"] is not None
        and (max_uses is None or code["max_uses"] - code["used"] < max_uses - used)
    ):
        used, max_uses = code["used"], code["max_uses"]
    return pricing.Promotion(
        **{name: row[name] for name in _SAME},
        key=str(row["id"]),
        code=code["code"] if code else "",
        buy=row["buy_quantity"],
        get=row["get_quantity"],
        products=frozenset(product["id"] for product in row["products"]),
        categories=tuple(category["path"] for category in row["categories"]),
        groups=frozenset(group["code"] for group in row["groups"]),
        starts_at=instant(row["starts_at"]),
        ends_at=instant(row["ends_at"]),
        max_uses=max_uses,
        used=used,
        # Nobody has two first orders, however many are placed before one is paid.
        max_uses_each=1 if row["first_order"] else row["max_uses_each"],
        used_by_customer=row["used_by_customer"] or 0,
        is_active=bool(row["is_active"]) and (code is None or is_theirs(code, user_id)),
    )


def instant(value: Any) -> datetime | None:
    """Return an instant that a database wrote into JSON."""
    if isinstance(value, str):
        parsed = datetime.fromisoformat(value.replace(" ", "T"))
        # SQLite builds JSON from its own text, which has no offset: everything it stores is UTC.
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return value  # type: ignore[no-any-return]
