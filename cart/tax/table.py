"""Taxation by the shop's own table of rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from cart import pricing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cart.places import Place


def taxation_of(
    rates: Sequence[Mapping[str, Any]], *, place: Place, vat_id: str, step: int
) -> pricing.Taxation | None:
    """
    Return how a sale to a place is taxed, or None where the place isn't known.

    :param rates: the rates of the place, those of its region last, and of the country where the shop is.
    """
    if not place.country:
        return None
    there = [rate for rate in rates if rate["country"] == place.country]
    by_class = {rate["tax_class"]: pricing.Tax(name=rate["name"], rate=rate["rate"]) for rate in there}
    shipping = [pricing.Tax(name=rate["name"], rate=rate["rate"]) for rate in there if rate["on_shipping"]]
    return pricing.TaxRules(
        by_class=by_class,
        shipping=shipping[-1] if shipping else pricing.NO_TAX,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
        step=step,
    )
