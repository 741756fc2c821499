"""The price of a cart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cart.pricing.discounts import Discounting
from cart.pricing.lines import Line
from cart.pricing.promotions import Customer
from cart.pricing.taxes import LineTax, TaxedLine, tax_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cart.pricing.considering import Considered
    from cart.pricing.promotions import Promotion
    from cart.pricing.taxes import Assessment, Taxation, TaxLine

__all__ = ["Line", "PricedLine", "Sale", "Totals", "price"]

_UNTAXED = LineTax(name="", rate=0, amount=0)


@dataclass(frozen=True, kw_only=True)
class Sale:
    """
    What lines are priced under: who buys, when, in which currency, and every promotion that might apply.

    :param step: what computed amounts are rounded to, minor units: 10 where a currency's last place can't be paid.
    """

    now: datetime
    currency: str = ""
    promotions: Sequence[Promotion] = ()
    customer: Customer = field(default_factory=Customer)
    step: int = 1


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """A line with its share of the discounts and its tax, minor units; ``rate`` in millionths."""

    key: str
    unit_price: int
    total: int
    discount: int
    tax_name: str
    rate: int
    tax: int


@dataclass(frozen=True, kw_only=True)
class Totals:
    """
    The price of a cart in minor units.

    ``shipping`` and the tax fields are None where the place or the method isn't known; they aren't in ``total``
    then. ``tax_added`` is 0 where prices include tax. ``considered`` has every promotion, in its turn.
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
    considered: tuple[Considered, ...]


def price(
    lines: Sequence[Line], sale: Sale, *, tax: Taxation | None = None, shipping: int | None = None
) -> Totals:
    """
    Return what the lines cost together.

    Promotions apply in their turn, each to what the ones before it left, and never take more than there is.
    ``discount`` counts the waived shipping too, as the contract's ``total = subtotal − discount_total +
    shipping_total + tax_added`` wants it.

    :param tax: None where the place isn't known: no tax is computed. Lines and shipping are what it charges.
    :param shipping: minor units, 0 where nothing is to be sent, None where it isn't known.
    """
    off = Discounting(lines, shipping=shipping, step=sale.step)
    off.consider(sale.promotions, customer=sale.customer, currency=sale.currency, now=sale.now)
    taxed = _assess(lines, off, tax)
    priced = tuple(_priced(line, off.net[line.key], taxed) for line in lines)
    subtotal = sum(line.total for line in lines)
    net = sum(off.net.values())
    waived = (shipping or 0) - off.shipping
    shipping_tax = taxed.shipping if taxed else _UNTAXED
    tax_total = sum(line.tax for line in priced) + shipping_tax.amount if taxed else None
    added = None if tax is None or tax_total is None else (0 if tax.prices_include_tax else tax_total)
    return Totals(
        lines=priced,
        subtotal=subtotal,
        discount=subtotal - net + waived,
        shipping=shipping,
        shipping_discount=waived,
        shipping_tax=shipping_tax.amount,
        tax=tax_total,
        tax_added=added,
        tax_lines=_tax_lines(off, taxed, tax),
        total=net + off.shipping + (added or 0),
        considered=tuple(off.considered),
    )


def _assess(lines: Sequence[Line], off: Discounting, tax: Taxation | None) -> Assessment | None:
    if tax is None:
        return None
    rows = [
        TaxedLine(
            key=line.key,
            amount=off.net[line.key],
            quantity=line.quantity,
            tax_class=line.tax_class,
            product=line.product,
        )
        for line in lines
    ]
    return tax.assess(rows, shipping=off.shipping)


def _priced(line: Line, net: int, taxed: Assessment | None) -> PricedLine:
    tax = taxed.lines[line.key] if taxed else _UNTAXED
    return PricedLine(
        key=line.key,
        unit_price=line.unit_price,
        total=line.total,
        discount=line.total - net,
        tax_name=tax.name,
        rate=tax.rate,
        tax=tax.amount,
    )


def _tax_lines(off: Discounting, taxed: Assessment | None, tax: Taxation | None) -> tuple[TaxLine, ...]:
    if taxed is None or tax is None:
        return ()
    rows = [(taxed.lines[key], net) for key, net in off.net.items()]
    if off.shipping:
        rows.append((taxed.shipping, off.shipping))
    return tax_lines(rows, included=tax.prices_include_tax)
