"""What is true of any sale in any currency."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cart.pricing
from cart.tests.pricing import checks
from cart.tests.pricing.sales import (
    AMOUNTS,
    PARTS,
    any_sales,
    combining_sales,
    lines,
    steady_sales,
)
from shop.core.money import EXPONENTS

if TYPE_CHECKING:
    from random import Random

    from cart.pricing import Line, Promotion
    from cart.tests.pricing.sales import Case

pytestmark = [pytest.mark.once, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[3]
THOROUGH = settings(max_examples=5_000)


def adds_up(case: Case, random: Random) -> None:
    """Say everything that is true of one sale by itself."""
    totals = case.totals()
    checks.parts_sum(case, totals)
    checks.taxes_sum(case, totals)
    checks.within_bounds(case, totals)
    checks.all_payable(case, totals)
    checks.promotions_take_their_part(case, totals)
    checks.order_says_nothing(case, totals, random)


def more_costs_more(case: Case, chosen: int, units: int, new: Line) -> None:
    """Say that neither more units of a line nor one more line makes anything cheaper."""
    before = case.totals()
    if case.lines:
        chosen %= len(case.lines)
        line = case.lines[chosen]
        more = replace(line, quantity=line.quantity + units)
        grown = replace(case, lines=(*case.lines[:chosen], more, *case.lines[chosen + 1 :]))
        checks.nothing_gets_cheaper(before, grown.totals())
    # A promotion for some goods begins with the first of them: it may then stand alone, or waive the shipping.
    steady = [_steady(promotion) for promotion in case.sale.promotions]
    fewer = replace(case, shipping=case.shipping if case.lines else 0).with_promotions(*steady)
    longer = replace(fewer, lines=(*case.lines, new))
    checks.nothing_gets_cheaper(fewer.totals(), longer.totals())


def _steady(promotion: Promotion) -> Promotion:
    if promotion.kind == "free_shipping":
        promotion = replace(promotion, products=frozenset(), categories=())
    return replace(promotion, combines=True)


def more_discount_costs_less(case: Case, chosen: int, part: int, amount: int) -> None:
    """Say that a promotion more, or a higher value of one, makes nothing dearer."""
    given_ones = case.sale.promotions
    if not given_ones:
        return
    chosen %= len(given_ones)
    one = given_ones[chosen]
    without = case.with_promotions(*given_ones[:chosen], *given_ones[chosen + 1 :])
    value = one.value + amount * case.sale.step if one.kind == "fixed" else max(one.value, part)
    raised = case.with_promotions(*given_ones[:chosen], replace(one, value=value), *given_ones[chosen + 1 :])
    now = case.totals()
    checks.nothing_gets_cheaper(now, without.totals())
    checks.nothing_gets_cheaper(raised.totals(), now)


class TestAnySale:
    @THOROUGH
    @given(any_sales(), st.randoms(use_true_random=False))
    def test_adds_up_within_bounds_in_any_order(self, case, random):
        adds_up(case, random)

    # Any mix of percentages, amounts and free shipping, at any priority, on some or all goods, with tax included or
    # added at mixed rates. What may lower a total is left out: buy X get Y and minima, for they say so.
    @THOROUGH
    @given(steady_sales(), st.integers(0, 11), st.integers(1, 3), lines(99, 10))
    def test_never_gets_cheaper_by_one_more(self, case, chosen, units, new):
        more_costs_more(case, chosen, units, new)

    # Any promotions but those that stand alone: they keep others off.
    @THOROUGH
    @given(combining_sales(), st.integers(0, 3), PARTS, AMOUNTS)
    def test_never_gets_dearer_by_more_discount(self, case, chosen, part, amount):
        more_discount_costs_less(case, chosen, part, amount)

    @pytest.mark.parametrize("currency", sorted(EXPONENTS))
    @settings(max_examples=20)
    @given(data=st.data(), random=st.randoms(use_true_random=False))
    def test_adds_up_in_every_currency(self, currency, data, random):
        case = data.draw(any_sales(currencies=(currency,)))

        assert case.sale.step == (10 if EXPONENTS[currency] == 3 else 1)
        adds_up(case, random)


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
