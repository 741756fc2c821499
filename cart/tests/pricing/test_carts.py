"""Carts that were calculated by hand: what they cost stands in ``carts/``, with the arithmetic."""

from __future__ import annotations

import pytest

from cart.tests.pricing.written import all_carts, case_of, said

pytestmark = pytest.mark.once

CARTS = all_carts()


def test_there_are_enough_of_them_and_each_once():
    titles = [cart["title"] for cart in CARTS]

    assert len(CARTS) >= 70
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("cart", CARTS, ids=lambda cart: cart["title"])
def test_costs_what_was_calculated(cart):
    expected = cart["is"]

    found = said(case_of(cart).totals(), cart["currency"])

    assert {name: found[name] for name in expected} == expected
    # What isn't written down is the sum or nothing; so much has to be.
    assert {"subtotal", "discount", "tax", "total"} <= set(expected)
