"""
Carts as they are written in ``carts/*.toml``, made into sales.

A line is ``quantity x price``, a tax class where it isn't ``standard``, and ``#`` with a product; all lines stand there
so many ``times``. Places are those of ``places.toml``. A promotion is a table of the words of
``cart.pricing.Promotion``, with amounts and percentages as texts.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cart.pricing import NO_TAX, Line, Promotion, Sale, Tax, TaxRules
from cart.tests.pricing.sales import NOW, Case
from shop.core.money import from_percent, from_text, payable_step, percent_text, to_text

if TYPE_CHECKING:
    from cart.pricing import Totals

FOLDER = Path(__file__).parent / "carts"


def all_carts() -> list[dict[str, Any]]:
    """Return all that are written, each with the place it goes to."""
    places = tomllib.loads((FOLDER.parent / "places.toml").read_text(encoding="utf-8"))
    return [
        {"currency": "EUR", "promotions": [], "times": 1, **cart, "tax": places[cart["place"]]}
        for file in sorted(FOLDER.glob("*.toml"))
        for cart in tomllib.loads(file.read_text(encoding="utf-8"))["cart"]
    ]


def case_of(cart: dict[str, Any]) -> Case:
    """Return the sale that a cart is."""
    currency = cart["currency"]
    step = payable_step(currency)
    promotions = [_promotion(number, words, currency) for number, words in enumerate(cart["promotions"])]
    shipping = cart.get("shipping")
    return Case(
        lines=tuple(
            _line(number, words, currency) for number, words in enumerate(cart["lines"] * cart["times"])
        ),
        sale=Sale(now=NOW, currency=currency, promotions=promotions, step=step),
        tax=_taxation(cart["tax"], step),
        shipping=None if shipping is None else from_text(shipping, currency),
    )


def said(totals: Totals, currency: str) -> dict[str, Any]:
    """Return totals in the words in which a cart is written; what isn't known is ``unknown``."""

    def text(amount: int | None) -> str:
        return "unknown" if amount is None else to_text(amount, currency)

    return {
        "subtotal": text(totals.subtotal),
        "discount": text(totals.discount),
        "discounts": [text(row.discount) for row in totals.lines],
        "shipping": text(totals.shipping),
        "shipping_discount": text(totals.shipping_discount),
        "shipping_tax": text(totals.shipping_tax),
        "tax": text(totals.tax),
        "taxes": [text(row.tax) for row in totals.lines],
        "tax_added": text(totals.tax_added),
        "tax_lines": [
            f"{row.name} {percent_text(row.rate)} %: {text(row.amount)} on {text(row.taxable)}"
            for row in totals.tax_lines
        ],
        "total": text(totals.total),
        "refused": [reason.rule for one in totals.considered for reason in one.reasons],
    }


def _line(number: int, words: str, currency: str) -> Line:
    quantity, x, price, *others = words.split()
    assert x == "x"
    product = next((int(word[1:]) for word in others if word.startswith("#")), 0)
    return Line(
        key=f"{number:03}",
        unit_price=from_text(price, currency),
        quantity=int(quantity),
        tax_class=next((word for word in others if not word.startswith("#")), "standard"),
        product=product,
    )


def _promotion(number: int, words: dict[str, Any], currency: str) -> Promotion:
    words = {"currency": currency, **words}
    kind = words["kind"]
    if "value" in words:
        words["value"] = (from_text if kind == "fixed" else _percent)(words["value"], words["currency"])
    if "min_subtotal" in words:
        words["min_subtotal"] = from_text(words["min_subtotal"], words["currency"])
    return Promotion(**words | {"key": str(number), "products": frozenset(words.get("products", ()))})


def _percent(text: str, _: str) -> int:
    return from_percent(text)


def _taxation(place: dict[str, Any], step: int) -> TaxRules | None:
    if place.get("unknown"):
        return None
    return TaxRules(
        by_class=_rates(place.get("rates", {})),
        shipping=_rates({"": place["shipping"]})[""] if "shipping" in place else NO_TAX,
        prices_include_tax=place.get("included", True),
        home=_rates(place.get("home", {})),
        home_shipping=_rates({"": place["home_shipping"]})[""] if "home_shipping" in place else NO_TAX,
        treatment=place.get("treatment", "standard"),
        step=step,
    )


def _rates(words: dict[str, str]) -> dict[str, Tax]:
    """Return taxes by class, written as a name and per cent: ``VAT 19``."""
    taxes = {}
    for tax_class, word in words.items():
        name, percent = word.rsplit(" ", 1)
        taxes[tax_class] = Tax(name=name, rate=from_percent(percent))
    return taxes
