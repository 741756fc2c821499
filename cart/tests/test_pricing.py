"""What a cart costs, as examples and as properties that hold for any cart in any currency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cart import pricing
from cart.pricing import Discount, Line, Tax, TaxRules, price
from shop.core.money import EXPONENTS, from_text, to_text

pytestmark = pytest.mark.once

VAT = TaxRules(
    by_class={"standard": Tax(name="VAT", rate=190_000), "reduced": Tax(name="Reduced", rate=70_000)},
    shipping=Tax(name="VAT", rate=190_000),
)
CLASSES = ("standard", "reduced", "zero")


def line(unit_price: int, quantity: int = 1, tax_class: str = "standard", key: str = "a") -> Line:
    return Line(key=key, unit_price=unit_price, quantity=quantity, tax_class=tax_class)


@st.composite
def carts(draw, most: int = 8):
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 10**7), st.integers(1, 999), st.sampled_from(CLASSES)), max_size=most
        )
    )
    return [line(amount, units, kind, str(number)) for number, (amount, units, kind) in enumerate(rows)]


percents = st.builds(
    Discount,
    code=st.text("ABC", min_size=1, max_size=3),
    kind=st.just("percent"),
    value=st.integers(0, 1_000_000),
)
fixed = st.builds(
    Discount, code=st.text("ABC", min_size=1, max_size=3), kind=st.just("fixed"), value=st.integers(0, 10**8)
)
free = st.just(Discount(code="FREE", kind="free_shipping"))
promotions = st.lists(st.one_of(percents, fixed, free), max_size=3)
rates = st.integers(0, 1_000_000)
rules = st.one_of(
    st.none(),
    st.builds(
        lambda standard, reduced, shipping, included: TaxRules(
            by_class={"standard": Tax(name="A", rate=standard), "reduced": Tax(name="B", rate=reduced)},
            shipping=Tax(name="A", rate=shipping),
            prices_include_tax=included,
        ),
        rates,
        rates,
        rates,
        st.booleans(),
    ),
)
shipping = st.one_of(st.none(), st.integers(0, 10**6))


class TestExamples:
    def test_an_empty_cart_costs_nothing(self):
        assert price([], tax=None, shipping=None).total == 0

    def test_tax_is_in_the_price_where_prices_include_it(self):
        totals = price([line(1190)], tax=VAT, shipping=595)

        assert (totals.subtotal, totals.shipping, totals.total) == (1190, 595, 1785)
        assert (totals.tax, totals.tax_added, totals.shipping_tax) == (285, 0, 95)
        assert totals.tax_lines == (pricing.TaxLine(name="VAT", rate=190_000, taxable=1500, amount=285),)

    def test_tax_is_added_where_prices_are_without_it(self):
        without = TaxRules(by_class=VAT.by_class, shipping=VAT.shipping, prices_include_tax=False)

        totals = price([line(1000), line(500, tax_class="reduced", key="b")], tax=without, shipping=100)

        assert (totals.tax, totals.tax_added, totals.total) == (190 + 35 + 19, 244, 1844)
        assert [(row.name, row.taxable, row.amount) for row in totals.tax_lines] == [
            ("VAT", 1100, 209),
            ("Reduced", 500, 35),
        ]

    def test_an_unknown_place_has_no_tax_and_unknown_shipping_is_not_in_the_total(self):
        totals = price([line(1000)], tax=None, shipping=None)

        assert (totals.tax, totals.tax_added, totals.shipping, totals.total) == (None, None, None, 1000)

    def test_percent_comes_before_fixed_whatever_order_they_are_given_in(self):
        ten, five = (
            Discount(code="Z", kind="percent", value=100_000),
            Discount(code="A", kind="fixed", value=500),
        )

        both = {
            price([line(2000)], discounts=order, tax=None, shipping=0).total
            for order in ([ten, five], [five, ten])
        }

        assert both == {2000 - 200 - 500}

    def test_a_discount_never_takes_more_than_there_is(self):
        totals = price(
            [line(300)], discounts=[Discount(code="A", kind="fixed", value=500)], tax=VAT, shipping=490
        )

        assert (totals.discount, totals.total) == (300, 490)

    def test_waived_shipping_counts_as_discount(self):
        totals = price(
            [line(300)], discounts=[Discount(code="F", kind="free_shipping")], tax=VAT, shipping=490
        )

        assert (totals.shipping, totals.shipping_discount, totals.discount, totals.total) == (
            490,
            490,
            490,
            300,
        )
        assert totals.shipping_tax == 0

    def test_a_leftover_cent_goes_by_what_a_line_is_and_not_by_where_it_stands(self):
        lines = [line(1000, key="a"), line(1000, tax_class="reduced", key="b")]
        off = [Discount(code="A", kind="fixed", value=333)]

        there, back = (price(order, discounts=off, tax=VAT, shipping=0) for order in (lines, lines[::-1]))

        assert there.lines == back.lines[::-1]
        assert there.tax == back.tax


class TestProperties:
    @given(carts(), promotions, rules, shipping)
    def test_parts_sum_to_the_totals_exactly(self, lines, discounts, tax, cost):
        totals = price(lines, discounts=discounts, tax=tax, shipping=cost)

        assert totals.subtotal == sum(row.total for row in totals.lines) == sum(row.total for row in lines)
        assert totals.discount == sum(row.discount for row in totals.lines) + totals.shipping_discount
        assert totals.total == totals.subtotal - totals.discount + (totals.shipping or 0) + (
            totals.tax_added or 0
        )
        if tax is not None:
            assert totals.tax == sum(row.tax for row in totals.lines) + totals.shipping_tax
            assert totals.tax == sum(row.amount for row in totals.tax_lines)
            assert totals.tax_added == (0 if tax.prices_include_tax else totals.tax)

    @given(carts(), promotions, rules, shipping)
    def test_a_discount_is_between_nothing_and_its_line(self, lines, discounts, tax, cost):
        totals = price(lines, discounts=discounts, tax=tax, shipping=cost)

        assert all(0 <= row.discount <= row.total for row in totals.lines)
        assert 0 <= totals.discount <= totals.subtotal + (totals.shipping or 0)
        assert min(totals.total, *(row.tax for row in totals.lines), 0) == 0

    @given(carts(), promotions, rules, shipping, st.randoms(use_true_random=False))
    def test_the_order_of_lines_and_codes_is_irrelevant(self, lines, discounts, tax, cost, random):
        once = price(lines, discounts=discounts, tax=tax, shipping=cost)
        random.shuffle(lines)
        random.shuffle(discounts)

        again = price(lines, discounts=discounts, tax=tax, shipping=cost)

        assert sorted(once.lines, key=lambda row: row.key) == sorted(again.lines, key=lambda row: row.key)
        assert (once.total, once.tax, once.tax_lines) == (again.total, again.tax, again.tax_lines)

    @given(carts().filter(bool), promotions, rules, shipping, st.data())
    def test_one_more_unit_never_lowers_the_total(self, lines, discounts, tax, cost, data):
        before = price(lines, discounts=discounts, tax=tax, shipping=cost)
        index = data.draw(st.integers(0, len(lines) - 1))
        chosen = lines[index]
        more = line(chosen.unit_price, chosen.quantity + 1, chosen.tax_class, chosen.key)

        after = price(
            [*lines[:index], more, *lines[index + 1 :]], discounts=discounts, tax=tax, shipping=cost
        )

        assert after.subtotal == before.subtotal + chosen.unit_price
        assert after.total - (after.tax_added or 0) >= before.total - (before.tax_added or 0)
        # Added tax is rounded a line, and a discount's leftover cents wander between lines of different rates: there
        # the promotion may cost a cent. Nothing else does.
        if tax is None or tax.prices_include_tax or not discounts:
            assert after.total >= before.total

    @given(carts(most=4), rules)
    def test_more_discount_is_never_dearer(self, lines, tax):
        if tax is None or tax.prices_include_tax:
            totals = [
                price(
                    lines, discounts=[Discount(code="A", kind="percent", value=v)], tax=tax, shipping=0
                ).total
                for v in (0, 100_000, 500_000, 1_000_000)
            ]
            assert totals == sorted(totals, reverse=True)
            assert totals[-1] == 0

    @pytest.mark.parametrize("currency", sorted(EXPONENTS))
    def test_holds_in_the_words_of_every_currency(self, currency):
        lines = [line(from_text("7", currency), 3, key="a"), line(1, 7, "reduced", key="b")]
        totals = price(
            lines,
            discounts=[Discount(code="A", kind="percent", value=333_333)],
            tax=VAT,
            shipping=from_text("5", currency),
        )

        words = [
            to_text(n, currency)
            for n in (totals.subtotal, totals.discount, totals.shipping or 0, totals.total)
        ]
        back = [from_text(text, currency) for text in words]
        assert back[3] == back[0] - back[1] + back[2]
        assert all(len(text.partition(".")[2]) == EXPONENTS[currency] for text in words)
