"""Splitting an amount over lines: exact, bounded, and monotone."""

from __future__ import annotations

from itertools import product
from math import lcm
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from cart.pricing.splitting import shares
from cart.tests.pricing.digits import read_from
from shop.core.money import allocate

if TYPE_CHECKING:
    from cart.tests.pricing.digits import Digits

pytestmark = [pytest.mark.once, pytest.mark.timeout(600)]


def weights_of(said: Digits, *parts: Digits) -> list[int]:
    """Return up to twelve weights, small ones and large ones."""
    return [digits.up_to(digits.one_of((9, 10**12))) for digits in parts[: said.up_to(12)]]


WEIGHTS = read_from(13, weights_of)


def nearest(total: int, weights: tuple[int, ...]) -> list[int]:
    """
    Return the parts whose ratios to their weights differ least, of all the parts there are.

    Webster's method is the one that minimises Σ (part / weight − total / sum)² · weight, hence Σ part² / weight. Of
    equally good ones it is the one that gives to the earlier lines.
    """
    whole = lcm(*(weight for weight in weights if weight))
    each = [whole // weight if weight else 0 for weight in weights]
    all_there_are = (parts for parts in product(*(range(w + 1) for w in weights)) if sum(parts) == total)
    best = min(
        all_there_are,
        key=lambda parts: (sum(p * p * e for p, e in zip(parts, each, strict=True)), [-p for p in parts]),
    )
    return list(best)


class TestShares:
    @pytest.mark.parametrize(("number", "most"), [(1, 9), (2, 7), (3, 5), (4, 3)])
    def test_are_the_nearest_of_all(self, number, most):
        for weights in product(range(most + 1), repeat=number):
            for total in range(sum(weights) + 1):
                assert shares(total, weights) == nearest(total, weights)

    @settings(max_examples=5_000)
    @given(WEIGHTS)
    def test_sum_and_stay_within_and_never_shrink(self, drawn):
        weights, extra = drawn
        total = extra.up_to(min(sum(weights), extra.one_of((20, 10**13))))
        parts = shares(total, weights)

        assert sum(parts) == total
        assert {type(part) for part in parts} <= {int}
        assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
        assert all(
            part >= other
            for weight, part in zip(weights, parts, strict=True)
            for lighter, other in zip(weights, parts, strict=True)
            if weight > lighter
        )
        if total < sum(weights):
            assert _none_shrinks(parts, shares(total + 1, weights))
        if weights:
            grown = list(weights)
            growth = extra.up_to(extra.one_of((3, 10**9)))
            grown[extra.up_to(len(weights) - 1)] += growth
            # The line and the total by the same: what is taken off stays as it is.
            assert _none_shrinks(parts, shares(total + growth, grown))
            # The line alone: then the others don't grow.
            taken = shares(total, grown)
            kept = zip(weights, parts, grown, taken, strict=True)
            assert all(weight - part <= more - off for weight, part, more, off in kept)

    def test_of_ties_the_earlier_line_gets_the_unit(self):
        assert shares(10, [5, 5, 5]) == [4, 3, 3]
        assert shares(11, [5, 5, 5]) == [4, 4, 3]
        # A third unit's half is tied with a first one's: 3 / 3 = 1 / 1.
        assert shares(2, [1, 3]) == [1, 1]
        assert shares(2, [3, 1]) == [2, 0]

    def test_of_nothing_are_nothing(self):
        assert shares(0, []) == []
        assert shares(0, [0, 0]) == [0, 0]
        assert shares(0, [7, 2]) == [0, 0]
        assert shares(7, [7, 0]) == [7, 0]

    def test_the_largest_remainder_would_shrink(self):
        """The counterexample of ADR 19: a line takes a cent more of the discount because another one has doubled."""
        assert allocate(100, [100, 4999, 800]) == [2, 85, 13]
        assert allocate(100, [200, 4999, 800]) == [3, 83, 14]
        assert shares(100, [100, 4999, 800]) == [2, 84, 14]
        assert shares(100, [200, 4999, 800]) == [3, 84, 13]


def _none_shrinks(before: list[int], after: list[int]) -> bool:
    return all(one <= other for one, other in zip(before, after, strict=True))
