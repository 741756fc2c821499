"""Which methods go where, and for how much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Value

from cart.selectors.rates import RATE_FIELDS, rates_in

if TYPE_CHECKING:
    from cart.places import Place

_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True)
class ShippingOption:
    """A method to a place; ``amount`` in minor units, free where the subtotal says so already."""

    code: str
    name: str
    amount: int
    min_days: int
    max_days: int


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What is to be sent: ``subtotal`` of the cart in minor units, ``weight`` of what is sent in grams."""

    subtotal: int = 0
    weight: int = 0


def shipping_options(*, place: Place, currency: str, parcel: Parcel) -> list[ShippingOption]:
    """Return the methods to a place in the shop's order, one statement."""
    rows = rates_in(place.country, Value(place.region), currency)
    return options_among(rows.values(**RATE_FIELDS), postal_code=place.postal_code, parcel=parcel)


def options_among(
    rates: Iterable[Mapping[str, Any]], *, postal_code: str, parcel: Parcel
) -> list[ShippingOption]:
    """
    Return one option a method: the row of its table for this parcel, in the zone that fits the place best.

    :param rates: rows of ``RATE_FIELDS``.
    """
    best: dict[str, tuple[tuple[int, ...], Mapping[str, Any]]] = {}
    for rate in rates:
        fit = _fit(rate, postal_code, parcel)
        if fit is not None and (rate["code"] not in best or fit > best[rate["code"]][0]):
            best[rate["code"]] = (fit, rate)
    return [_option(rate, parcel) for _, rate in best.values()]


def _fit(rate: Mapping[str, Any], postal_code: str, parcel: Parcel) -> tuple[int, ...] | None:
    """Return how well a row fits, to be compared, or None when it doesn't."""
    measure = {"flat": 0, "weight": parcel.weight, "subtotal": parcel.subtotal}[rate["basis"]]
    too_heavy = rate["max_weight"] is not None and parcel.weight > rate["max_weight"]
    prefix = _plain(rate["postal_pattern"].rstrip("*"))
    if too_heavy or rate["threshold"] > measure or not _plain(postal_code).startswith(prefix):
        return None
    return (len(prefix), bool(rate["region"]), -rate["zone_position"], -rate["zone"], rate["threshold"])


def _option(rate: Mapping[str, Any], parcel: Parcel) -> ShippingOption:
    free = rate["free_from"] is not None and parcel.subtotal >= rate["free_from"]
    return ShippingOption(
        code=rate["code"],
        name=rate["name"],
        amount=0 if free else rate["amount"],
        min_days=rate["min_days"],
        max_days=rate["max_days"],
    )


def _plain(postal_code: str) -> str:
    # Without spaces and dashes: a shopper's estimate, staff's pattern and an order's code needn't be written alike.
    return _SEPARATORS.sub("", postal_code).upper()
