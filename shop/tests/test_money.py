"""Money: whole minor units, exact in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.money import (
    EXPONENTS,
    MAX_MINOR,
    Money,
    allocate,
    from_rate,
    from_text,
    price_from_text,
    rate_text,
    rounded,
    to_decimal,
    to_text,
)

pytestmark = pytest.mark.once

currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.integers(min_value=0, max_value=MAX_MINOR)
weights = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=30)


class TestText:
    @given(amounts, currencies)
    def test_comes_back_as_it_went(self, minor, currency):
        assert from_text(to_text(minor, currency), currency) == minor

    @given(amounts, currencies)
    def test_says_the_same_as_the_decimal(self, minor, currency):
        assert to_text(minor, currency) == format(to_decimal(minor, currency), "f")

    @pytest.mark.parametrize(
        ("minor", "currency", "text"),
        [
            (1990, "EUR", "19.90"),
            (5, "EUR", "0.05"),
            (0, "EUR", "0.00"),
            (1990, "JPY", "1990"),
            (1990, "KWD", "1.990"),
            (-150, "EUR", "-1.50"),
        ],
    )
    def test_has_the_places_of_the_currency(self, minor, currency, text):
        assert to_text(minor, currency) == text

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "-1",
            "+1",
            "1,5",
            "1e3",
            "NaN",
            "Infinity",
            " 1",
            "1 ",
            "1.",
            ".5",
            "0x10",
            "１",
            "1.234",
            "9" * 16,
        ],
    )
    def test_refuses_what_is_no_plain_amount(self, text):
        with pytest.raises(ValueError, match=r"Write an amount|decimal places|too large"):
            from_text(text, "EUR")

    def test_refuses_more_than_a_shop_handles(self):
        with pytest.raises(ValueError, match="too large"):
            from_text("1000000000000.01", "EUR")


class TestPrice:
    @pytest.mark.parametrize("currency", ["KWD", "BHD", "JOD", "OMR", "TND"])
    def test_of_three_places_ends_in_0(self, currency):
        assert price_from_text("1.01", currency) == price_from_text("1.010", currency) == 1010
        for text in ("1.011", "0.001", "1.005"):
            with pytest.raises(ValueError, match=f"The last decimal place of {currency} must be 0"):
                price_from_text(text, currency)

    @pytest.mark.parametrize(
        ("text", "currency", "minor"), [("0.01", "EUR", 1), ("1", "JPY", 1), ("0", "KWD", 0)]
    )
    def test_of_others_is_any_amount(self, text, currency, minor):
        assert price_from_text(text, currency) == minor


class TestRate:
    @given(st.integers(1, 10**12))
    def test_comes_back_as_it_went(self, rate):
        assert from_rate(rate_text(rate)) == rate

    @pytest.mark.parametrize("text", ["", "0", "0.0000001", "1,5", "-1", "1.0835 ", "1000000.000001", "x"])
    def test_refuses_what_is_none(self, text):
        with pytest.raises(ValueError, match=r"Write a rate like 1\.0835"):
            from_rate(text)


class TestAllocate:
    @given(amounts, weights)
    def test_parts_sum_to_the_total(self, total, given_weights):
        assert sum(allocate(total, given_weights)) == total

    @given(amounts, weights)
    def test_each_part_is_within_one_of_its_share(self, total, given_weights):
        whole = sum(given_weights)
        if whole == 0:
            return
        for part, weight in zip(allocate(total, given_weights), given_weights, strict=True):
            assert abs(part * whole - total * weight) < whole

    @given(st.integers(0, 10**6), st.lists(st.integers(1, 100), min_size=2, max_size=8), st.randoms())
    def test_order_moves_nothing_but_ties(self, total, given_weights, random):
        shuffled = given_weights[:]
        random.shuffle(shuffled)
        before = sorted(zip(given_weights, allocate(total, given_weights), strict=True))
        after = sorted(zip(shuffled, allocate(total, shuffled), strict=True))
        # Equal remainders may change places, and a place is worth one minor unit.
        assert all(abs(one[1] - other[1]) <= 1 for one, other in zip(before, after, strict=True))

    def test_remainders_go_to_the_largest_and_ties_to_the_earlier(self):
        assert allocate(100, [1, 1, 1]) == [34, 33, 33]
        assert allocate(10, [5, 3, 2, 1]) == [4, 3, 2, 1]

    def test_without_weight_the_first_takes_all(self):
        assert allocate(7, [0, 0]) == [7, 0]
        assert allocate(7, []) == []


class TestRounded:
    @given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
    def test_is_the_nearest_whole(self, numerator, denominator):
        assert abs(2 * (rounded(numerator, denominator) * denominator - numerator)) <= denominator

    def test_halves_go_away_from_zero(self):
        assert [rounded(n, 2) for n in (1, 3, -1, -3)] == [1, 2, -1, -2]


def test_an_unknown_currency_is_no_money():
    with pytest.raises(ValueError, match="not a currency"):
        Money(100, "XXX")
