"""What is charged for a place besides the goods, as it is read: shipping and tax."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Upper

from cart.models import ShippingRate, TaxRate
from shop.core.sql import JsonList

RATE_FIELDS: dict[str, Any] = {
    "code": F("method__code"),
    "name": F("method__name"),
    "basis": F("method__basis"),
    "max_weight": F("method__max_weight"),
    "zone": F("zone_id"),
    "zone_position": F("zone__position"),
    "region": F("zone__areas__region"),
    "postal_pattern": F("zone__areas__postal_pattern"),
    "threshold": F("threshold"),
    "amount": F("amount"),
    "free_from": F("free_from"),
    "min_days": F("min_days"),
    "max_days": F("max_days"),
}


TAX_FIELDS = ("name", "country", "region", "tax_class", "rate", "on_shipping")


def rates_in(country: Any, region: Any, currency: Any) -> Any:
    """
    Return the rows of the tables of rates to a country, one for each area of it that has this region or none.

    In the order of the shop's methods. The arguments are values or expressions.
    """
    there = Q(zone__areas__region="") | Q(place=Upper(region))
    rows = ShippingRate.objects.alias(place=Upper("zone__areas__region")).filter(
        there, zone__areas__country=country, currency=currency, method__is_active=True
    )
    return rows.order_by("method__position", "method", "zone__position", "zone", "threshold", "pk")


def rates_to(country: Any, region: Any, currency: Any) -> JsonList:
    """Return them as one list of ``RATE_FIELDS``."""
    return JsonList(rates_in(country, region, currency), **RATE_FIELDS)


def tax_rates_in(country: Any, region: Any, shop: Any) -> Any:
    """
    Return the tax rates of a place, those of its region last, and of the country where the shop is.

    The arguments are values or expressions.
    """
    # Compared in capitals and not by iexact: SQLite would read a region of "%" as any region.
    there = Q(region="") | Q(place=Upper(region))
    rows = TaxRate.objects.alias(place=Upper("region"))
    return rows.filter(there & Q(country=country) | Q(country=shop, region="")).order_by("region", "pk")


def taxes_of(country: Any, region: Any, shop: Any) -> JsonList:
    """Return them as one list of ``TAX_FIELDS``."""
    return JsonList(tax_rates_in(country, region, shop), **{name: name for name in TAX_FIELDS})
