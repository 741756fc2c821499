"""Tax on what is left of lines: the interface to whoever knows rates, and the rules of a table of rates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from shop.core.money import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Tax:
    """A rate in millionths (190000 is 19 %) under the name that a receipt shows."""

    name: str
    rate: int


NO_TAX = Tax(name="", rate=0)


@dataclass(frozen=True, kw_only=True)
class TaxedLine:
    """What is left of a line after discounts, minor units."""

    key: str
    amount: int
    quantity: int
    tax_class: str
    product: int


@dataclass(frozen=True, kw_only=True)
class LineTax:
    """The tax of a line, minor units; ``rate`` in millionths."""

    name: str
    rate: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class TaxLine:
    """All of one rate together: what was taxed (without the tax) and the tax, minor units."""

    name: str
    rate: int
    taxable: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The taxes of a sale: by the keys of its lines, and of its shipping."""

    lines: dict[str, LineTax]
    shipping: LineTax


class Taxation(Protocol):
    """
    How one sale is taxed. Ours reads a table of rates (``TaxRules``); an external engine implements this.

    It is asked inside transactions, so it answers from what it has and never over the network.
    """

    @property
    def prices_include_tax(self) -> bool:
        """Whether what is charged includes the tax; else it is added."""

    @property
    def treatment(self) -> str:
        """Why it is taxed as it is: ``standard``, ``export`` or ``reverse_charge``."""

    @property
    def rounding(self) -> str:
        """How the tax is rounded, a word of at most 20 characters that orders keep: ours is ``line_half_up``."""

    def charged(self, amount: int, tax_class: str | None) -> int:
        """Return what this sale is charged where the price list says ``amount``; None is the class of shipping."""

    def assess(self, lines: Sequence[TaxedLine], *, shipping: int) -> Assessment:
        """Return the taxes, each rounded; they are within what is charged where prices include tax."""


@dataclass(frozen=True, kw_only=True)
class TaxRules:
    """
    The rates of a place by tax class; a class without one is free of tax.

    With ``home`` rates the price list includes a tax that this sale is free of: it is taken out of every price.
    ``step`` is what tax is rounded to, minor units.
    """

    by_class: dict[str, Tax] = field(default_factory=dict)
    shipping: Tax = NO_TAX
    prices_include_tax: bool = True
    treatment: str = "standard"
    home: dict[str, Tax] = field(default_factory=dict)
    home_shipping: Tax = NO_TAX
    step: int = 1
    # Once a line, not once a unit nor once an order; half a unit goes up.
    rounding: str = "line_half_up"

    def charged(self, amount: int, tax_class: str | None) -> int:
        """Return the amount without the tax that the price list includes, where this sale is free of it."""
        tax = self.home_shipping if tax_class is None else self.home.get(tax_class, NO_TAX)
        return amount - self._tax(amount, tax, included=True) if tax.rate else amount

    def assess(self, lines: Sequence[TaxedLine], *, shipping: int) -> Assessment:
        """Return the taxes, each rounded half away from zero, once a line."""
        return Assessment(
            lines={line.key: self._assessed(line.amount, self._of(line)) for line in lines},
            shipping=self._assessed(shipping, self.shipping),
        )

    def _of(self, line: TaxedLine) -> Tax:
        return self.by_class.get(line.tax_class, NO_TAX)

    def _assessed(self, amount: int, tax: Tax) -> LineTax:
        return LineTax(
            name=tax.name, rate=tax.rate, amount=self._tax(amount, tax, included=self.prices_include_tax)
        )

    def _tax(self, amount: int, tax: Tax, *, included: bool) -> int:
        """Return the tax in an amount that includes it, or on one that doesn't."""
        whole = MILLION + tax.rate if included else MILLION
        return rounded(amount * tax.rate, whole * self.step) * self.step


def tax_lines(rows: Sequence[tuple[LineTax, int]], *, included: bool) -> tuple[TaxLine, ...]:
    """Return all of one rate together, the highest first; each row is a tax and what is charged with it."""
    sums: dict[tuple[str, int], list[int]] = {}
    for tax, charged in rows:
        both = sums.setdefault((tax.name, tax.rate), [0, 0])
        both[0] += charged - tax.amount if included else charged
        both[1] += tax.amount
    ordered = sorted(sums.items(), key=lambda item: (-item[0][1], item[0][0]))
    return tuple(
        TaxLine(name=name, rate=rate, taxable=taxable, amount=amount)
        for (name, rate), (taxable, amount) in ordered
        if rate
    )
