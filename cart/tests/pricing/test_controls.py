"""The properties can fail: each finds what is wrong with a pricing function that was broken on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings

from cart.pricing import Line, Promotion, Tax, TaxRules, discounts
from cart.pricing.discounts import Discounting
from cart.tests.pricing.sales import any_sales, combining_sales, steady_sales
from cart.tests.pricing.test_properties import adds_up, more_costs_more, more_discount_costs_less
from shop.core.money import allocate, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [pytest.mark.once, pytest.mark.timeout(600)]

# The same sales each time, and the first counterexample is enough.
CONTROL = settings(max_examples=5_000, derandomize=True, database=None, phases=[Phase.generate])

ADDS_UP = (adds_up, any_sales())
MORE_COSTS_MORE = (more_costs_more, steady_sales())
MORE_DISCOUNT = (more_discount_costs_less, combining_sales())


def largest_remainder(break_: pytest.MonkeyPatch) -> None:
    """A fixed amount goes by the largest remainders."""
    break_.setattr(discounts, "shares", allocate)


def rounded_each(break_: pytest.MonkeyPatch) -> None:
    """A fixed amount is split by rounding each part by itself."""

    def shares(total: int, weights: Sequence[int]) -> list[int]:
        return [rounded(total * weight, sum(weights) or 1) for weight in weights]

    break_.setattr(discounts, "shares", shares)


def last_line_takes_the_rest(break_: pytest.MonkeyPatch) -> None:
    """A fixed amount is rounded down on each line, and the last one takes what remains."""

    def shares(total: int, weights: Sequence[int]) -> list[int]:
        parts = [total * weight // (sum(weights) or 1) for weight in weights[:-1]]
        return [*parts, total - sum(parts)] if weights else []

    break_.setattr(discounts, "shares", shares)


def percent_of_the_subtotal(break_: pytest.MonkeyPatch) -> None:
    """A percentage is rounded once on all lines together, and then split."""

    def _percent(self: Discounting, promotion: Promotion, lines: Sequence[Line]) -> dict[str, int]:
        nets = [self.net[line.key] // self.step for line in lines]
        off = allocate(rounded(sum(nets) * promotion.value, 1_000_000), nets)
        return {line.key: part * self.step for line, part in zip(lines, off, strict=True)}

    break_.setattr(Discounting, "_percent", _percent)


def as_they_stand(break_: pytest.MonkeyPatch) -> None:
    """Lines and promotions are taken in the order in which they are given."""
    break_.setattr(discounts, "sorted", lambda rows, key: list(rows), raising=False)


def more_than_there_is(break_: pytest.MonkeyPatch) -> None:
    """A fixed amount is taken off whether or not there is as much."""

    def _fixed(self: Discounting, promotion: Promotion, lines: Sequence[Line]) -> dict[str, int]:
        off = allocate(promotion.value, [self.net[line.key] for line in lines])
        return {line.key: part for line, part in zip(lines, off, strict=True)}

    break_.setattr(Discounting, "_fixed", _fixed)


def dearer_by_discount(break_: pytest.MonkeyPatch) -> None:
    """A percentage that doesn't come out even is left off a line."""

    def _part(self: Discounting, amount: int, millionths: int, of: int = 1) -> int:
        return 0 if amount * millionths % (1_000_000 * of) else amount * millionths // (1_000_000 * of)

    break_.setattr(Discounting, "_part", _part)


def floats(break_: pytest.MonkeyPatch) -> None:
    """Parts are computed in floats."""
    break_.setattr(discounts, "rounded", lambda amount, whole: float(round(amount / whole)))


def half_to_even(break_: pytest.MonkeyPatch) -> None:
    """A half is rounded to the even neighbour."""
    break_.setattr(discounts, "rounded", lambda amount, whole: round(amount / whole))


def unpayable(break_: pytest.MonkeyPatch) -> None:
    """Parts are rounded to the last place, where the currency's can't be paid."""

    def _part(self: Discounting, amount: int, millionths: int, of: int = 1) -> int:
        return rounded(amount * millionths, 1_000_000 * of)

    break_.setattr(Discounting, "_part", _part)


def too_much_tax(break_: pytest.MonkeyPatch) -> None:
    """Tax is rounded up and a unit is added, so that an included one may be more than what is charged."""

    def _tax(self: TaxRules, amount: int, tax: Tax, *, included: bool) -> int:
        return -(-amount * tax.rate // 1_000_000) + bool(amount and tax.rate)

    break_.setattr(TaxRules, "_tax", _tax)


@pytest.mark.parametrize(
    ("broken", "told_by"),
    [
        (largest_remainder, MORE_COSTS_MORE),
        (dearer_by_discount, MORE_DISCOUNT),
        (rounded_each, ADDS_UP),
        (last_line_takes_the_rest, MORE_COSTS_MORE),
        (percent_of_the_subtotal, MORE_COSTS_MORE),
        (percent_of_the_subtotal, ADDS_UP),
        (as_they_stand, ADDS_UP),
        (more_than_there_is, ADDS_UP),
        (floats, ADDS_UP),
        (half_to_even, ADDS_UP),
        (unpayable, ADDS_UP),
        (too_much_tax, ADDS_UP),
    ],
    ids=lambda part: part.__name__ if callable(part) else part[0].__name__,
)
def test_finds(broken, told_by, monkeypatch):
    said, sales = told_by
    broken(monkeypatch)

    with pytest.raises(AssertionError):
        CONTROL(given(sales)(lambda sale: said(*sale)))()
