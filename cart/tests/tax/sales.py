"""A sale to be taxed: goods of two classes with shipping, sold by a shop to a place."""

from __future__ import annotations

from typing import Any

from cart import pricing
from cart.places import Place
from cart.tax.table import Seller, rules_for
from products.tests.factories import NOW

# The list: 119.00 of the standard class, twice 10.70 of the reduced one, 5.95 for the way.
GOODS = (("standard", 11900, 1), ("reduced", 1070, 2))
SHIPPING = 595


def rate(country: str, tax_class: str, rate: int, *, region: str = "", name: str = "") -> dict[str, Any]:
    """Return a row of the table as a cart is loaded with it; the standard class has the shipping's rate."""
    return {
        "name": name or f"{country} {tax_class}",
        "country": country,
        "region": region,
        "tax_class": tax_class,
        "rate": rate,
        "on_shipping": tax_class == "standard" and not region,
    }


RATES = {
    "DE": (rate("DE", "standard", 190_000), rate("DE", "reduced", 70_000)),
    "FR": (rate("FR", "standard", 200_000), rate("FR", "reduced", 55_000)),
    "ES": (rate("ES", "standard", 210_000),),
    "ES-TF": (rate("ES", "standard", 70_000, region="Tenerife", name="IGIC"),),
    "PT": (rate("PT", "standard", 230_000), rate("PT", "reduced", 60_000)),
    "PT-20": (rate("PT", "standard", 160_000, region="Açores"),),
    "CH": (rate("CH", "standard", 81_000), rate("CH", "reduced", 26_000)),
    "GB": (rate("GB", "standard", 200_000),),
    "US-CA": (rate("US", "standard", 72_500, region="California"),),
}


def rules(
    seller: str, place: Place, known: str = "", *, vat_id: str = "", included: bool = True, step: int = 1
) -> pricing.TaxRules:
    """
    Return how a sale is taxed.

    :param known: the keys of ``RATES`` that the shop has, with spaces; as they would be loaded for the place.
    """
    rows = [row for key in known.split() for row in RATES[key]]
    loaded = [
        row
        for row in rows
        if (row["country"] == place.country and row["region"] in ("", place.region))
        or (row["country"] == seller and not row["region"])
    ]
    found = rules_for(
        sorted(loaded, key=lambda row: row["region"]),
        seller=Seller(country=seller, prices_include_tax=included),
        place=place,
        vat_id=vat_id,
        step=step,
    )
    assert found is not None
    return found


def sold(tax: pricing.TaxRules, *, shipping: int = SHIPPING, currency: str = "EUR") -> pricing.Totals:
    """Return what the goods cost under a taxation."""
    lines = [
        pricing.Line(
            key=tax_class, unit_price=tax.charged(price, tax_class), quantity=quantity, tax_class=tax_class
        )
        for tax_class, price, quantity in GOODS
    ]
    sale = pricing.Sale(now=NOW, currency=currency, step=tax.step)
    return pricing.price(lines, sale, tax=tax, shipping=tax.charged(shipping, None))
