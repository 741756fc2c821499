"""What a rate makes of a price: pure arithmetic, in every currency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.conversion import Rule
from shop.core.money import EXPONENTS, MAX_MINOR, MAX_RATE, payable_step

pytestmark = pytest.mark.once


def rule(currency: str = "USD", *, base: str = "EUR", rate: int = 1_083_500, **values: int) -> Rule:
    return Rule(base=base, currency=currency, rate=rate, **values)


class TestRule:
    @pytest.mark.parametrize(
        ("made_by", "amount", "made"),
        [
            pytest.param(rule(), 1990, 2156, id="21.56165 down"),
            pytest.param(rule(rate=1_500_000), 1, 2, id="half away from zero"),
            pytest.param(rule(round_to=5), 1990, 2155, id="to 0.05"),
            pytest.param(rule(round_to=100, minus=1), 1990, 2199, id="to .99, up"),
            pytest.param(rule(round_to=100, minus=1), 1960, 2099, id="to .99, down"),
            pytest.param(rule(round_to=100, minus=5), 1990, 2195, id="to .95"),
            pytest.param(rule(round_to=1000, minus=1), 1990, 1999, id="to 9.99"),
            pytest.param(rule(round_to=100, minus=1), 20, 1, id="never below the least that can be paid"),
            pytest.param(rule(rate=1), 1, 1, id="never free"),
            pytest.param(rule(round_to=100, minus=1), 0, 0, id="free stays free"),
            pytest.param(rule("JPY", rate=162_340_000), 1990, 3231, id="19.90 is 3230.566 yen"),
            pytest.param(rule("JPY", rate=162_340_000, round_to=100, minus=20), 1990, 3180, id="yen to 80"),
            pytest.param(rule("KWD", rate=332_100), 1990, 6610, id="6.60879, and the last place is 0"),
            pytest.param(rule("KWD", rate=332_100, round_to=250, minus=10), 1990, 6490, id="6.50 less 0.01"),
            pytest.param(rule("KWD", rate=332_100, round_to=25), 1990, 6600, id="0.025 with 0.010 is 0.050"),
            pytest.param(rule("USD", base="JPY", rate=6_160), 3231, 1990, id="from yen"),
            pytest.param(
                rule("JPY", base="KWD", rate=488_000_000), 6610, 3226, id="from three places to none"
            ),
            pytest.param(rule("VND", rate=MAX_RATE), MAX_MINOR, None, id="beyond what a shop handles"),
            pytest.param(rule("KWD", base="JPY", rate=999_999_999_999), 9_999, 9_998_999_999_990, id="exact"),
        ],
    )
    def test_makes_of_an_amount(self, made_by, amount, made):
        assert made_by.amount(amount) == made

    @pytest.mark.parametrize(
        ("made_by", "pair", "made"),
        [
            (rule(), (1990, None), (2156, None)),
            (rule(), (1990, 2490), (2156, 2698)),
            pytest.param(rule(round_to=500), (1990, 2050), (2000, None), id="both round to the same"),
            pytest.param(
                rule("VND", rate=MAX_RATE), (100_000, MAX_MINOR), (1_000_000_000, None), id="former beyond"
            ),
            pytest.param(rule("VND", rate=MAX_RATE), (MAX_MINOR, None), None, id="price beyond"),
        ],
    )
    def test_makes_of_a_sale(self, made_by, pair, made):
        assert made_by.pair(*pair) == made

    rules = st.builds(
        lambda base, currency, rate, round_to, share: Rule(
            base=base, currency=currency, rate=rate, round_to=round_to, minus=round_to * share // 100
        ),
        st.sampled_from(sorted(EXPONENTS)),
        st.sampled_from(sorted(EXPONENTS)),
        st.integers(1, MAX_RATE),
        st.integers(1, 10_000),
        st.integers(0, 99),
    )
    amounts = st.integers(0, MAX_MINOR)

    @given(rules, amounts)
    def test_is_payable_and_free_only_where_it_was(self, made_by, amount):
        made = made_by.amount(amount)

        if made is not None:
            assert made % payable_step(made_by.currency) == 0
            assert (made == 0) == (amount == 0)
            assert made <= MAX_MINOR

    @given(rules, amounts, amounts)
    def test_never_turns_an_order_of_prices_around(self, made_by, one, other):
        low, high = (made_by.amount(amount) for amount in sorted((one, other)))

        assert high is None or (low is not None and low <= high)

    @given(st.integers(1, 10**9), st.integers(1, MAX_RATE))
    def test_is_within_half_a_coin_of_the_exact_amount(self, amount, rate):
        made = rule(rate=rate).amount(amount)

        if made is not None and made > 1:
            assert abs(made * 1_000_000 - amount * rate) <= 500_000

    @given(rules, st.integers(1, MAX_MINOR // 2), st.integers(1, MAX_MINOR // 2))
    def test_keeps_a_sale_only_while_it_is_one(self, made_by, price, more):
        pair = made_by.pair(price, price + more)

        assert pair is None or pair[1] is None or pair[1] > pair[0]
