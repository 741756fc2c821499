"""Any sale there can be, for properties: lines, promotions, tax, shipping, in every currency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from cart.pricing import Customer, Line, Promotion, Sale, Tax, TaxRules, Totals, price
from cart.tests.pricing.digits import Digits, read_from
from shop.core.money import EXPONENTS, payable_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLASSES = ("standard", "reduced", "zero")
CATEGORIES = ("", "0001", "00010001", "0002")

CUSTOMERS = (
    Customer(),
    Customer(known=True),
    Customer(known=True, has_bought=True),
    Customer(known=True, groups=frozenset({"trade"})),
)
SCOPES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"products": frozenset({1})},
    {"products": frozenset({1, 2})},
    {"products": frozenset({9})},
    {"categories": ("0001",)},
    {"categories": ("00010001", "0002")},
    {"products": frozenset({2}), "categories": ("0002",)},
)
# What no line can change; three in four have nothing of it.
CONDITIONS: tuple[dict[str, Any], ...] = (
    *({},) * 27,
    {"is_active": False},
    {"starts_at": NOW + timedelta(hours=1)},
    {"ends_at": NOW},
    {"starts_at": NOW, "ends_at": NOW + timedelta(hours=1)},
    {"max_uses": 5, "used": 5},
    {"max_uses": 5, "used": 4},
    {"max_uses_each": 1, "used_by_customer": 1},
    {"groups": frozenset({"trade"})},
    {"first_order": True},
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A sale before it is priced; the lines are as the price list has them."""

    lines: tuple[Line, ...]
    sale: Sale
    tax: TaxRules | None
    shipping: int | None

    @property
    def charged_lines(self) -> list[Line]:
        """The lines at what this sale charges, without a tax that it is free of."""
        tax = self.tax
        if tax is None:
            return list(self.lines)
        return [replace(line, unit_price=tax.charged(line.unit_price, line.tax_class)) for line in self.lines]

    @property
    def charged_shipping(self) -> int | None:
        """What this sale charges for shipping."""
        if self.tax is None or self.shipping is None:
            return self.shipping
        return self.tax.charged(self.shipping, None)

    def with_promotions(self, *promotions: Promotion) -> Case:
        """Return the same sale under other promotions."""
        return replace(self, sale=replace(self.sale, promotions=promotions))

    def totals(self) -> Totals:
        """Return what it costs."""
        return price(self.charged_lines, self.sale, tax=self.tax, shipping=self.charged_shipping)


def line_of(digits: Digits, number: int, step: int) -> Line:
    """Return a line of any kind; its amounts are multiples of ``step``."""
    return Line(
        key=f"line {number:02}",
        unit_price=digits.amount() * step,
        quantity=digits.quantity(),
        tax_class=digits.one_of(CLASSES),
        product=1 + digits.up_to(2),
        category=digits.one_of(CATEGORIES),
    )


def _promotion(digits: Digits, number: int, currency: str, kinds: Sequence[str]) -> Promotion:
    """Return a promotion of one of these kinds, with no condition that a line could change."""
    step = payable_step(currency)
    kind = digits.one_of(kinds)
    money = kind == "fixed" and digits.up_to(9) > 0
    return Promotion(
        key=f"promotion {number}",
        kind=kind,
        value=digits.amount() * step if kind == "fixed" else 0 if kind == "free_shipping" else digits.part(),
        buy=1 + digits.up_to(2) if kind == "buy_x_get_y" else 0,
        get=1 + digits.up_to(1) if kind == "buy_x_get_y" else 0,
        currency=currency if money else "XXX",
        priority=digits.one_of((100, 100, 1, 200)),
        **digits.one_of(SCOPES),
        **digits.one_of(CONDITIONS),
    )


def _minimum(digits: Digits, currency: str) -> dict[str, Any]:
    """Return what promotions may need of lines, one in three does."""
    which = digits.up_to(5)
    if which == 1:
        return {"min_subtotal": digits.amount() * payable_step(currency), "currency": currency}
    return {"min_quantity": 1 + digits.up_to(19)} if which == 2 else {}


def _taxes(digits: Digits, step: int) -> TaxRules | None:
    """Return no tax known, tax that is included or added, or a sale free of it, of list prices with and without."""
    how = digits.one_of(("unknown", "included", "added", "added", "free", "export"))
    if how == "unknown":
        return None
    if how == "free":
        return TaxRules(step=step)
    rates = [Tax(name=name, rate=digits.part()) for name in "AB"]
    by_class, shipping = dict(zip(CLASSES, rates, strict=False)), digits.one_of(rates)
    if how == "export":
        return TaxRules(home=by_class, home_shipping=shipping, treatment="export", step=step)
    return TaxRules(by_class=by_class, shipping=shipping, prices_include_tax=how == "included", step=step)


ALL_KINDS = ("percent", "fixed", "free_shipping", "buy_x_get_y")
STEADY_KINDS = ("percent", "fixed", "free_shipping")
MOST_PROMOTIONS, MOST_LINES = 4, 12


def cases(
    *,
    kinds: Sequence[str] = ALL_KINDS,
    with_minima: bool = True,
    with_alone: bool = True,
    least_promotions: int = 0,
    currencies: Sequence[str] = tuple(sorted(EXPONENTS)),
) -> SearchStrategy[tuple[Case, Digits]]:
    """Return any sale, of up to twelve lines and four promotions, and digits for what is asked of it."""

    def read(said: Digits, *parts: Digits) -> Case:
        currency = said.one_of(currencies)
        step = payable_step(currency)
        offers = []
        for number in range(least_promotions + said.up_to(MOST_PROMOTIONS - least_promotions)):
            digits = parts[number]
            offer = _promotion(digits, number, currency, kinds)
            # One in six stands alone.
            combines = digits.up_to(5) != 1 or not with_alone
            needs = _minimum(digits, currency) if with_minima else {}
            offers.append(replace(offer, combines=combines, **needs))
        of_lines = parts[MOST_PROMOTIONS:][: said.up_to(MOST_LINES)]
        shipping = said.one_of((None, 0, said.amount()))
        customer = said.one_of(CUSTOMERS)
        return Case(
            lines=tuple(line_of(digits, number, step) for number, digits in enumerate(of_lines)),
            sale=Sale(now=NOW, currency=currency, promotions=tuple(offers), customer=customer, step=step),
            tax=_taxes(said, step),
            shipping=None if shipping is None else shipping * step,
        )

    return read_from(1 + MOST_PROMOTIONS + MOST_LINES, read)


# What may have any rule; what has none that says that more costs less; what only has rules that combine.
any_sales = cases
steady_sales = partial(cases, kinds=STEADY_KINDS, with_minima=False)
combining_sales = partial(cases, with_alone=False, least_promotions=1)
