"""
What a cart costs: one pure function from lines, rules, tax and shipping to totals.

No ORM, no clock, no settings. Whole minor units throughout; tax is rounded once a line, half away from zero, and
what a split leaves over goes by largest remainder, so that the parts always sum to the totals exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shop.core.money import allocate, rounded

MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line to be priced: ``unit_price`` in minor units, ``quantity`` in whole units of at least 1."""

    key: str
    unit_price: int
    quantity: int
    tax_class: str = "standard"

    @property
    def total(self) -> int:
        """The line without discounts, minor units."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, kw_only=True)
class Discount:
    """
    What one promotion takes off.

    Of the kinds, ``percent`` reads ``value`` as millionths, ``fixed`` as minor units and ``free_shipping`` not at
    all.
    """

    code: str
    kind: str
    value: int = 0


@dataclass(frozen=True, kw_only=True)
class Tax:
    """A rate in millionths (190000 is 19 %) under the name that a receipt shows."""

    name: str
    rate: int


NO_TAX = Tax(name="", rate=0)


@dataclass(frozen=True, kw_only=True)
class TaxRules:
    """The rates of a place by tax class; a class without one is free of tax."""

    by_class: dict[str, Tax] = field(default_factory=dict)
    shipping: Tax = NO_TAX
    prices_include_tax: bool = True


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """A line with its share of the discounts and its tax, minor units; ``rate`` in millionths."""

    key: str
    total: int
    discount: int
    tax_name: str
    rate: int
    tax: int


@dataclass(frozen=True, kw_only=True)
class TaxLine:
    """All of one rate together: what was taxed (without the tax) and the tax, minor units."""

    name: str
    rate: int
    taxable: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class Totals:
    """
    The price of a cart in minor units.

    ``shipping`` and the tax fields are None where the place or the method isn't known; they aren't in ``total``
    then. ``tax_added`` is 0 where prices include tax.
    """

    lines: tuple[PricedLine, ...]
    subtotal: int
    discount: int
    shipping: int | None
    shipping_discount: int
    shipping_tax: int
    tax: int | None
    tax_added: int | None
    tax_lines: tuple[TaxLine, ...]
    total: int


def price(
    lines: Sequence[Line], *, discounts: Sequence[Discount] = (), tax: TaxRules | None, shipping: int | None
) -> Totals:
    """
    Return what the lines cost together.

    Discounts apply to the lines in the order percent, fixed, free shipping, each to what is left, and never take
    more than there is. ``discount`` counts the waived shipping too, as the contract's ``total = subtotal −
    discount_total + shipping_total + tax_added`` wants it.

    :param tax: None where the place isn't known: no tax is computed.
    :param shipping: minor units, 0 where nothing is to be sent, None where it isn't known.
    """
    subtotal = sum(line.total for line in lines)
    off_lines = _lines_discount(subtotal, discounts)
    waived = (shipping or 0) if any(discount.kind == "free_shipping" for discount in discounts) else 0
    shares = _shares(off_lines, lines)
    priced = tuple(_priced(line, share, tax) for line, share in zip(lines, shares, strict=True))
    shipping_paid = (shipping or 0) - waived
    shipping_tax = _tax_of(shipping_paid, tax.shipping, included=tax.prices_include_tax) if tax else 0
    tax_total = sum(line.tax for line in priced) + shipping_tax if tax else None
    added = None if tax is None or tax_total is None else (0 if tax.prices_include_tax else tax_total)
    return Totals(
        lines=priced,
        subtotal=subtotal,
        discount=off_lines + waived,
        shipping=shipping,
        shipping_discount=waived,
        shipping_tax=shipping_tax,
        tax=tax_total,
        tax_added=added,
        tax_lines=_tax_lines(priced, shipping_paid, shipping_tax, tax) if tax else (),
        total=subtotal - off_lines + shipping_paid + (added or 0),
    )


def _lines_discount(subtotal: int, discounts: Sequence[Discount]) -> int:
    left = subtotal
    for discount in sorted(discounts, key=lambda d: (d.kind != "percent", d.code, d.value)):
        if discount.kind == "percent":
            left -= min(left, rounded(left * discount.value, MILLION))
        elif discount.kind == "fixed":
            left -= min(left, discount.value)
    return subtotal - left


def _shares(discount: int, lines: Sequence[Line]) -> list[int]:
    """
    Return each line's part of the discount.

    What a split leaves over goes by what the lines are and not by where they stand: it decides which rate taxes it,
    and the same cart in another order must cost the same.
    """
    ranks = [(-line.total, line.tax_class, line.unit_price, line.key) for line in lines]
    order = sorted(range(len(lines)), key=ranks.__getitem__)
    parts = allocate(discount, [lines[index].total for index in order])
    by_index = dict(zip(order, parts, strict=True))
    return [by_index[index] for index in range(len(lines))]


def _priced(line: Line, discount: int, tax: TaxRules | None) -> PricedLine:
    rate = tax.by_class.get(line.tax_class, NO_TAX) if tax else NO_TAX
    amount = _tax_of(line.total - discount, rate, included=tax.prices_include_tax) if tax else 0
    return PricedLine(
        key=line.key, total=line.total, discount=discount, tax_name=rate.name, rate=rate.rate, tax=amount
    )


def _tax_of(amount: int, tax: Tax, *, included: bool) -> int:
    """Return the tax in an amount that includes it, or on one that doesn't; rounded half away from zero."""
    return rounded(amount * tax.rate, MILLION + tax.rate if included else MILLION)


def _tax_lines(
    lines: Sequence[PricedLine], shipping: int, shipping_tax: int, tax: TaxRules
) -> tuple[TaxLine, ...]:
    sums: dict[tuple[str, int], list[int]] = {}
    rows = [(line.tax_name, line.rate, line.total - line.discount, line.tax) for line in lines]
    if shipping:
        rows.append((tax.shipping.name, tax.shipping.rate, shipping, shipping_tax))
    for name, rate, gross, amount in rows:
        both = sums.setdefault((name, rate), [0, 0])
        both[0] += gross - amount if tax.prices_include_tax else gross
        both[1] += amount
    ordered = sorted(sums.items(), key=lambda item: (-item[0][1], item[0][0]))
    return tuple(
        TaxLine(name=name, rate=rate, taxable=taxable, amount=amount)
        for (name, rate), (taxable, amount) in ordered
        if rate
    )
