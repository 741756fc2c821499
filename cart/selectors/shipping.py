"""Which methods go where, and for how much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cart.models import ShippingRate

if TYPE_CHECKING:
    from cart.selectors.loading import Place

_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True)
class ShippingOption:
    """A method to a place; ``amount`` in minor units, free where the subtotal says so already."""

    code: str
    name: str
    amount: int
    min_days: int
    max_days: int


def shipping_options(*, place: Place, currency: str, subtotal: int) -> list[ShippingOption]:
    """Return the methods to a place in the shop's order, one statement."""
    rows = ShippingRate.objects.filter(country=place.country, currency=currency, method__is_active=True)
    fields = ("method__code", "method__name", "postal_prefix", "amount", "free_from", "min_days", "max_days")
    rates = [
        {name.removeprefix("method__"): value for name, value in row.items()}
        for row in rows.order_by("method__position", "method", "postal_prefix").values(*fields)
    ]
    return options_among(rates, postal_code=place.postal_code, subtotal=subtotal)


def options_among(
    rates: Iterable[Mapping[str, Any]], *, postal_code: str, subtotal: int
) -> list[ShippingOption]:
    """Return one option a method: of its rates the one with the longest matching postal prefix."""
    code = _plain(postal_code)
    best: dict[str, Mapping[str, Any]] = {}
    for rate in rates:
        prefix = _plain(rate["postal_prefix"])
        known = best.get(rate["code"])
        if code.startswith(prefix) and (known is None or len(prefix) > len(_plain(known["postal_prefix"]))):
            best[rate["code"]] = rate
    return [
        ShippingOption(
            code=rate["code"],
            name=rate["name"],
            amount=0 if rate["free_from"] is not None and subtotal >= rate["free_from"] else rate["amount"],
            min_days=rate["min_days"],
            max_days=rate["max_days"],
        )
        for rate in best.values()
    ]


def _plain(postal_code: str) -> str:
    # Without spaces and dashes: a shopper's estimate, staff's prefix and an order's code needn't be written alike.
    return _SEPARATORS.sub("", postal_code).upper()
