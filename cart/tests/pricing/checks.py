"""What must be true of every sale: each check says so of one case, and raises AssertionError where it isn't."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from shop.core.money import EXPONENTS, MAX_MINOR, from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from cart.pricing import Considered, Line, Promotion, Totals
    from cart.tests.pricing.sales import Case

MILLION = 1_000_000


def half_up(amount: Fraction, step: int) -> int:
    """Return the multiple of a step that is nearest to an amount, a half upwards."""
    return floor(amount / step + Fraction(1, 2)) * step


def parts_sum(case: Case, totals: Totals) -> None:
    """Every sum is exact."""
    assert [row.key for row in totals.lines] == [line.key for line in case.lines]
    assert totals.subtotal == sum(row.total for row in totals.lines)
    assert all(
        row.total == row.unit_price * line.quantity
        for row, line in zip(totals.lines, case.lines, strict=True)
    )
    assert totals.discount == sum(row.discount for row in totals.lines) + totals.shipping_discount
    assert totals.discount == sum(one.amount for one in totals.considered)
    for row in totals.lines:
        assert row.discount == sum(one.by_line.get(row.key, 0) for one in totals.considered)
    assert totals.shipping_discount == sum(one.shipping for one in totals.considered)
    assert totals.shipping == case.charged_shipping
    assert totals.total == totals.subtotal - totals.discount + (totals.shipping or 0) + (
        totals.tax_added or 0
    )


def taxes_sum(case: Case, totals: Totals) -> None:
    """The tax is the sum of its lines, either way of adding it up, and is in the total or added to it."""
    if case.tax is None:
        assert (totals.tax, totals.tax_added, totals.tax_lines, totals.shipping_tax) == (None, None, (), 0)
        return
    assert totals.tax == sum(row.tax for row in totals.lines) + totals.shipping_tax
    assert totals.tax == sum(row.amount for row in totals.tax_lines)
    assert totals.tax_added == (0 if case.tax.prices_include_tax else totals.tax)
    taxed = sum(row.total - row.discount for row in totals.lines if row.rate)
    taxed += (totals.shipping or 0) - totals.shipping_discount if case.tax.shipping.rate else 0
    included = totals.tax if case.tax.prices_include_tax else 0
    assert sum(row.taxable for row in totals.tax_lines) == taxed - included
    assert len({(row.name, row.rate) for row in totals.tax_lines}) == len(totals.tax_lines)


def within_bounds(case: Case, totals: Totals) -> None:
    """Nothing is negative, nor more than what it is a part of."""
    for row in totals.lines:
        assert 0 <= row.discount <= row.total
    assert 0 <= totals.shipping_discount <= (totals.shipping or 0)
    assert 0 <= totals.discount <= totals.subtotal + (totals.shipping or 0)
    assert totals.total >= 0
    included = case.tax is not None and case.tax.prices_include_tax
    for row in totals.lines:
        assert 0 <= row.tax <= (row.total - row.discount if included else row.total)
    left = (totals.shipping or 0) - totals.shipping_discount
    assert 0 <= totals.shipping_tax <= left


def all_payable(case: Case, totals: Totals) -> None:
    """Every amount is a whole number of minor units that can be paid, and survives being written and read."""
    amounts = list(_amounts(totals))
    assert {type(amount) for amount in amounts} <= {int}
    assert all(amount % case.sale.step == 0 for amount in amounts)
    text = to_text(totals.total, case.sale.currency)
    if totals.total <= MAX_MINOR:
        assert from_text(text, case.sale.currency) == totals.total
    assert len(text.partition(".")[2]) == EXPONENTS[case.sale.currency]


def _amounts(value: Any) -> Iterator[Any]:
    """Yield the amounts of totals; what isn't one goes by its name."""
    if isinstance(value, (tuple, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _amounts(one)
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in {"promotion", "reasons", "rate", "applied"}:
                yield from _amounts(getattr(value, field.name))
    elif value is not None and not isinstance(value, str):
        yield value


def promotions_take_their_part(case: Case, totals: Totals) -> None:
    """Each promotion takes what it says, of what those before it left: the percentage of a line, the amount of all."""
    step = case.sale.step
    net = {line.key: line.total for line in case.charged_lines}
    for one in totals.considered:
        assert one.applied == (not one.reasons)
        if not one.applied:
            assert (one.by_line, one.shipping) == ({}, 0)
            continue
        mine = {line.key: line for line in case.charged_lines if one.promotion.is_for(line)}
        assert one.promotion.kind == "free_shipping" or set(one.by_line) == set(mine)
        _takes_its_part(one, mine, net, step)
        for key, off in one.by_line.items():
            assert 0 <= off <= net[key]
            net[key] -= off


def _takes_its_part(one: Considered, mine: dict[str, Line], net: dict[str, int], step: int) -> None:
    promotion = one.promotion
    part = Fraction(promotion.value, MILLION)
    if promotion.kind == "percent":
        assert one.by_line == {key: half_up(net[key] * part, step) for key in mine}
    elif promotion.kind == "fixed":
        assert one.amount == min(promotion.value, sum(net[key] for key in mine))
        # A line is at most one step from its proportional part, unless there are many: then it may be a little more.
        whole = sum(net[key] for key in mine)
        for key, off in one.by_line.items():
            assert abs(off - Fraction(one.amount * net[key], whole or 1)) < step * max(2, len(mine) / 2)
    elif promotion.kind == "buy_x_get_y":
        assert one.by_line == {
            key: half_up(net[key] * part * units / mine[key].quantity, step)
            for key, units in _cheapest(promotion, mine).items()
        }


def _cheapest(promotion: Promotion, mine: dict[str, Line]) -> dict[str, int]:
    """Return how many units of each line are the cheapest ones: all are laid out, and taken one by one."""
    order = sorted(mine.values(), key=lambda line: (line.unit_price, line.tax_class, line.key))
    units = [line.key for line in order for _ in range(line.quantity)]
    taken = Counter(units[: len(units) // (promotion.buy + promotion.get) * promotion.get])
    return {key: taken[key] for key in mine}


def order_says_nothing(case: Case, totals: Totals, random: Random) -> None:
    """Lines and promotions in another order cost the same, and are said to, line by line and rule by rule."""
    lines, promotions = list(case.lines), list(case.sale.promotions)
    random.shuffle(lines)
    random.shuffle(promotions)
    shuffled = replace(case, lines=tuple(lines)).with_promotions(*promotions).totals()
    place = {line.key: number for number, line in enumerate(case.lines)}
    in_order = tuple(sorted(shuffled.lines, key=lambda row: place[row.key]))
    assert replace(shuffled, lines=in_order) == totals


def nothing_gets_cheaper(before: Totals, after: Totals) -> None:
    """Neither the total nor any line is lower after than before, with its tax where that is added."""
    left = {row.key: row.total - row.discount for row in after.lines}
    assert all(row.total - row.discount <= left[row.key] for row in before.lines)
    assert before.total <= after.total
