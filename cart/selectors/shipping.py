"""Which methods go where, and for how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Value

from cart import postal_patterns
from cart.selectors.rates import RATE_FIELDS, TAX_FIELDS, rates_in, tax_rates_in
from cart.tax import taxation_of
from shop.core.money import payable_step

if TYPE_CHECKING:
    from cart.places import Place
    from cart.pricing import Taxation


@dataclass(frozen=True, kw_only=True)
class ShippingOption:
    """
    A method to a place, in minor units: ``amount`` by the list, free where the subtotal says so already.

    ``charged`` is without the tax that the list includes, where the sale is free of it.
    """

    code: str
    name: str
    amount: int
    charged: int
    min_days: int
    max_days: int


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What is to be sent: ``subtotal`` of the cart in minor units, ``weight`` of what is sent in grams."""

    subtotal: int = 0
    weight: int = 0


def shipping_options(*, place: Place, currency: str) -> list[ShippingOption]:
    """Return the methods to a place for whoever has nothing in a cart yet, in the shop's order; two statements."""
    country, region = Value(place.country), Value(place.region)
    rows = rates_in(country, region, currency).values_list(*RATE_FIELDS.values())
    rates = [dict(zip(RATE_FIELDS, row, strict=True)) for row in rows]
    taxes = list(tax_rates_in(country, region, settings.SHOP_COUNTRY).values(*TAX_FIELDS))
    tax = taxation_of(taxes, place=place, vat_id="", step=payable_step(currency))
    return charged(options_among(rates, postal_code=place.postal_code, parcel=Parcel()), tax)


def charged(options: list[ShippingOption], tax: Taxation | None) -> list[ShippingOption]:
    """Return the options as this sale is charged for them."""
    if tax is None:
        return options
    return [replace(option, charged=tax.charged(option.amount, None)) for option in options]


def options_among(
    rates: Iterable[Mapping[str, Any]], *, postal_code: str, parcel: Parcel
) -> list[ShippingOption]:
    """
    Return one option a method: the row of its table for this parcel, in the zone that fits the place best.

    A method whose table begins above the parcel, or that takes less weight, isn't offered.

    :param rates: rows of ``RATE_FIELDS``, in the shop's order.
    """
    tables: dict[str, dict[tuple[int, ...], list[Mapping[str, Any]]]] = {}
    for rate in rates:
        closeness = _fit(rate, postal_code)
        if closeness is not None:
            tables.setdefault(rate["code"], {}).setdefault(closeness, []).append(rate)
    rows = (_row(table[max(table)], parcel) for table in tables.values())
    return [_option(row, parcel) for row in rows if row is not None]


def _fit(rate: Mapping[str, Any], postal_code: str) -> tuple[int, ...] | None:
    """Return how closely the area of a row fits, to be compared, or None when it doesn't; no two zones fit alike."""
    code = postal_patterns.fit(rate["postal_pattern"], postal_code)
    if code is None:
        return None
    return (code, bool(rate["region"]), -rate["zone_position"], -rate["zone"])


def _row(table: list[Mapping[str, Any]], parcel: Parcel) -> Mapping[str, Any] | None:
    """Return the row of a table that is for this parcel."""
    measure = {"flat": 0, "weight": parcel.weight, "subtotal": parcel.subtotal}[table[0]["basis"]]
    most = table[0]["max_weight"]
    if most is not None and parcel.weight > most:
        return None
    return max(
        (row for row in table if row["threshold"] <= measure), key=lambda row: row["threshold"], default=None
    )


def _option(rate: Mapping[str, Any], parcel: Parcel) -> ShippingOption:
    free = rate["free_from"] is not None and parcel.subtotal >= rate["free_from"]
    amount = 0 if free else rate["amount"]
    return ShippingOption(
        code=rate["code"],
        name=rate["name"],
        amount=amount,
        charged=amount,
        min_days=rate["min_days"],
        max_days=rate["max_days"],
    )
