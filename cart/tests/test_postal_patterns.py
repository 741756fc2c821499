"""Which postal codes fit which patterns, and how closely."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cart import postal_patterns

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("pattern", "code", "closeness"),
    [
        ("", "", 0),
        ("", "10115", 0),
        ("10115", "10115", 11),
        ("10115", "101150", None),
        ("10115", "1011", None),
        ("10*", "10115", 4),
        ("10*", "10", 4),
        ("10*", "1", None),
        ("10*", "", None),
        ("*", "", None),
        ("*", "1", 0),
        ("1???", "1010", 3),
        ("1???", "10100", None),
        ("1???", "2010", None),
        ("SW1A 1*", "sw1a1aa", 10),
        ("sw1a-1*", "SW1A 1AA", 10),
        ("35000-35999", "35007", 9),
        ("35000-35999", "35000", 9),
        ("35000-35999", "35999", 9),
        ("35000-35999", "36000", None),
        ("35000-35999", "3500", None),
        ("10-14", "12345", 3),
        ("10-14", "15000", None),
        ("AB10-AB25", "AB12 3CD", 7),
        ("00-950", "00950", 11),
        ("00-950", "00-950", 11),
        ("00-950", "00951", None),
    ],
)
def test_fit(pattern, code, closeness):
    assert postal_patterns.fit(pattern, code) == closeness


@pytest.mark.parametrize(
    "pattern", ["1*1", "**", "10115,10117", "9-1", "35999-35000", "ä*", "*1", "(", "1.*"]
)
def test_refuse_what_cannot_be_read(pattern):
    with pytest.raises(postal_patterns.BadPattern):
        postal_patterns.check(pattern)


@given(st.text("0123456789AB", min_size=1, max_size=10), st.data())
def test_a_code_fits_itself_closer_than_its_beginning(code, data):
    cut = data.draw(st.integers(1, len(code)))

    own, beginning = postal_patterns.fit(code, code), postal_patterns.fit(f"{code[:cut]}*", code)

    assert own is not None
    assert beginning is not None
    assert own > beginning > 0
