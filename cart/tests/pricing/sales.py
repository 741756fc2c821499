"""Any sale there can be, for properties: lines, promotions, tax, shipping, in every currency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st

from cart.pricing import Customer, Line, Promotion, Sale, Tax, TaxRules, Totals, price
from shop.core.money import EXPONENTS, payable_step

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLASSES = ("standard", "reduced", "zero")
CATEGORIES = ("", "0001", "00010001", "0002")

# Small amounts bring halves and ties, round ones the splits that don't come out even, large ones the digits.
AMOUNTS = st.one_of(
    st.integers(0, 40),
    st.sampled_from([1, 5, 50, 999, 1000, 1999]),
    st.integers(0, 10**4),
    st.integers(0, 10**9),
)
QUANTITIES = st.one_of(st.integers(1, 4), st.integers(1, 999))
PARTS = st.one_of(
    st.sampled_from([0, 25_000, 70_000, 88_750, 100_000, 190_000, 333_333, 500_000, 1_000_000]),
    st.integers(0, 1_000_000),
)
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


@st.composite
def lines(draw: st.DrawFn, number: int, step: int) -> Line:
    """Return a line of any kind; its amounts are multiples of ``step``."""
    kind = draw(st.integers(0, 35))
    return Line(
        key=f"line {number:02}",
        unit_price=draw(AMOUNTS) * step,
        quantity=draw(QUANTITIES),
        tax_class=CLASSES[kind % 3],
        product=1 + kind // 3 % 3,
        category=CATEGORIES[kind // 9],
    )


@st.composite
def promotions(draw: st.DrawFn, number: int, currency: str, kinds: tuple[str, ...]) -> Promotion:
    """Return a promotion of one of these kinds, with no condition that a line could change."""
    step = payable_step(currency)
    kind = draw(st.sampled_from(kinds))
    money = kind == "fixed" and draw(st.integers(0, 9)) > 0
    return Promotion(
        key=f"promotion {number}",
        kind=kind,
        value=draw(AMOUNTS) * step if kind == "fixed" else 0 if kind == "free_shipping" else draw(PARTS),
        buy=draw(st.integers(1, 3)) if kind == "buy_x_get_y" else 0,
        get=draw(st.integers(1, 2)) if kind == "buy_x_get_y" else 0,
        currency=currency if money else "XXX",
        priority=draw(st.sampled_from([100, 100, 1, 200])),
        **draw(st.sampled_from(SCOPES)),
        **draw(st.sampled_from(CONDITIONS)),
    )


@st.composite
def minima(draw: st.DrawFn, promotion: Promotion, currency: str) -> Promotion:
    """Return the promotion, perhaps with a minimum."""
    which = draw(st.integers(0, 5))
    if which == 0:
        return replace(promotion, min_subtotal=draw(AMOUNTS) * payable_step(currency), currency=currency)
    return replace(promotion, min_quantity=draw(st.integers(1, 20))) if which == 1 else promotion


@st.composite
def alone(draw: st.DrawFn, promotion: Promotion) -> Promotion:
    """Return the promotion, one in six alone."""
    return replace(promotion, combines=draw(st.integers(0, 5)) > 0)


@st.composite
def taxes(draw: st.DrawFn, step: int) -> TaxRules | None:
    """Return no tax known, tax that is included or added, or a sale free of it, of list prices with and without."""
    how = draw(st.sampled_from(["unknown", "included", "added", "added", "free", "export"]))
    if how == "unknown":
        return None
    if how == "free":
        return TaxRules(step=step)
    rates = [Tax(name=name, rate=draw(PARTS)) for name in "AB"]
    by_class, shipping = dict(zip(CLASSES, rates, strict=False)), draw(st.sampled_from(rates))
    if how == "export":
        return TaxRules(home=by_class, home_shipping=shipping, treatment="export", step=step)
    return TaxRules(by_class=by_class, shipping=shipping, prices_include_tax=how == "included", step=step)


ALL_KINDS = ("percent", "fixed", "free_shipping", "buy_x_get_y")
STEADY_KINDS = ("percent", "fixed", "free_shipping")


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    kinds: tuple[str, ...] = ALL_KINDS,
    with_minima: bool = True,
    with_alone: bool = True,
    currencies: tuple[str, ...] = tuple(sorted(EXPONENTS)),
) -> Case:
    """Return any sale: up to twelve lines, up to four promotions."""
    currency = draw(st.sampled_from(currencies))
    step = payable_step(currency)
    offers = []
    for number in range(draw(st.integers(0, 4))):
        offer = draw(promotions(number, currency, kinds))
        offer = draw(minima(offer, currency)) if with_minima else offer
        offers.append(draw(alone(offer)) if with_alone else offer)
    shipping = draw(st.one_of(st.none(), st.just(0), AMOUNTS))
    return Case(
        lines=tuple(draw(lines(number, step)) for number in range(draw(st.integers(0, 12)))),
        sale=Sale(
            now=NOW,
            currency=currency,
            promotions=tuple(offers),
            customer=draw(st.sampled_from(CUSTOMERS)),
            step=step,
        ),
        tax=draw(taxes(step)),
        shipping=None if shipping is None else shipping * step,
    )


# What may have any rule; what has none that says that more costs less; what only has rules that combine.
any_sales = cases
steady_sales = partial(cases, kinds=STEADY_KINDS, with_minima=False)
combining_sales = partial(cases, with_alone=False)
