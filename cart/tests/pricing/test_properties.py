"""What is true of any sale in any currency."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

import cart.pricing
from cart.tests.pricing import checks
from cart.tests.pricing.sales import any_sales, combining_sales, line_of, steady_sales
from shop.core.money import EXPONENTS

if TYPE_CHECKING:
    from cart.pricing import Promotion
    from cart.tests.pricing.digits import Digits
    from cart.tests.pricing.sales import Case

pytestmark = [pytest.mark.once, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[3]
THOROUGH = settings(max_examples=5_000)


def adds_up(case: Case, extra: Digits) -> None:
    """Say everything that is true of one sale by itself."""
    totals = case.totals()
    checks.parts_sum(case, totals)
    checks.taxes_sum(case, totals)
    checks.within_bounds(case, totals)
    checks.all_payable(case, totals)
    checks.promotions_take_their_part(case, totals)
    checks.order_says_nothing(case, totals, Random(extra.left))


def more_costs_more(case: Case, extra: Digits) -> None:
    """Say that neither more units of a line nor one more line makes anything cheaper."""
    before = case.totals()
    if case.lines:
        chosen = extra.up_to(len(case.lines) - 1)
        line = case.lines[chosen]
        more = replace(line, quantity=line.quantity + 1 + extra.up_to(2))
        grown = replace(case, lines=(*case.lines[:chosen], more, *case.lines[chosen + 1 :]))
        checks.nothing_gets_cheaper(before, grown.totals())
    # A promotion for some goods begins with the first of them: it may then stand alone, or waive the shipping.
    steady = [_steady(promotion) for promotion in case.sale.promotions]
    fewer = replace(case, shipping=case.shipping if case.lines else 0).with_promotions(*steady)
    longer = replace(fewer, lines=(*case.lines, line_of(extra, 99, case.sale.step)))
    checks.nothing_gets_cheaper(fewer.totals(), longer.totals())


def _steady(promotion: Promotion) -> Promotion:
    if promotion.kind == "free_shipping":
        promotion = replace(promotion, products=frozenset(), categories=())
    return replace(promotion, combines=True)


def more_discount_costs_less(case: Case, extra: Digits) -> None:
    """Say that a promotion more, or a higher value of one, makes nothing dearer."""
    given_ones = case.sale.promotions
    chosen = extra.up_to(len(given_ones) - 1)
    one = given_ones[chosen]
    without = case.with_promotions(*given_ones[:chosen], *given_ones[chosen + 1 :])
    fixed = one.kind == "fixed"
    value = one.value + extra.amount() * case.sale.step if fixed else max(one.value, extra.part())
    raised = case.with_promotions(*given_ones[:chosen], replace(one, value=value), *given_ones[chosen + 1 :])
    now = case.totals()
    checks.nothing_gets_cheaper(now, without.totals())
    checks.nothing_gets_cheaper(raised.totals(), now)


class TestAnySale:
    @THOROUGH
    @given(any_sales())
    def test_adds_up_within_bounds_in_any_order(self, sale):
        adds_up(*sale)

    # Any mix of percentages, amounts and free shipping, at any priority, on some or all goods, with tax included or
    # added at mixed rates. What may lower a total is left out: buy X get Y and minima, for they say so.
    @THOROUGH
    @given(steady_sales())
    def test_never_gets_cheaper_by_one_more(self, sale):
        more_costs_more(*sale)

    # Any promotions but those that stand alone: they keep others off.
    @THOROUGH
    @given(combining_sales())
    def test_never_gets_dearer_by_more_discount(self, sale):
        more_discount_costs_less(*sale)

    @pytest.mark.parametrize("currency", sorted(EXPONENTS))
    def test_adds_up_in_every_currency(self, currency):
        @settings(max_examples=20)
        @given(any_sales(currencies=(currency,)))
        def add_up(sale):
            assert sale[0].sale.step == (10 if EXPONENTS[currency] == 3 else 1)
            adds_up(*sale)

        add_up()


class TestPurity:
    FILES = sorted(Path(cart.pricing.__file__).parent.glob("*.py"))
    STANDARD = {"__future__", "collections", "dataclasses", "datetime", "fractions", "heapq", "typing"}

    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
    def test_pricing_imports_numbers_and_itself(self, file):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        from_imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        plain = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]

        assert plain == []
        for node in from_imports:
            module = node.module or ""
            assert node.level == 0
            assert (
                module.split(".")[0] in self.STANDARD
                or module.startswith("cart.pricing")
                or (module == "shop.core.money" and [name.name for name in node.names] == ["rounded"])
            )

    def test_pricing_runs_without_django(self):
        """A fresh interpreter that prices a cart has not loaded Django, the ORM or a model."""
        program = (
            "import sys, datetime; from cart.pricing import Line, Sale, price;"
            "sale = Sale(now=datetime.datetime(2026, 11, 24));"
            "print(price([Line(key='a', unit_price=1999, quantity=2)], sale).total,"
            "sorted(name for name in sys.modules if name.startswith('django') or '.models' in name))"
        )

        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )

        assert done.stdout == "3998 []\n"
