"""Where the EU's VAT reigns."""

from __future__ import annotations

import pytest

from cart.places import Place
from cart.tax.territory import EU_STATES, eu_state_of, is_set_apart

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("country", "postal_code", "state"),
    [
        ("DE", "", "DE"), ("DE", "27499", "DE"), ("DE", "D-27498", ""), ("DE", "DE-78266", ""), ("ES", "35", ""),
        ("ES", "3", "ES"), ("ES", "07001", "ES"), ("FR", "98000", "FR"), ("FR", "98600", ""), ("FR", "20000", "FR"),
        ("PT", "9000-018", "PT"), ("AT", "6691", "AT"), ("MC", "98000", "FR"), ("CY", "1010", "CY"),
        ("DK", "3790", "DK"), ("GR", "63075", "GR"), ("GR", "GR-630 87", ""), ("IT", "23030", "IT"),
        ("XI", "BT1", ""), ("GB", "BT1", ""), ("NO", "0150", ""), ("", "", ""), ("EL", "10431", ""),
    ],
)  # fmt: skip
def test_a_place_is_in_a_state_or_outside(country, postal_code, state):
    assert eu_state_of(Place(country=country, postal_code=postal_code)) == state


def test_there_are_27_states():
    assert len(EU_STATES) == 27


def test_only_parts_of_eu_states_are_set_apart():
    """A Swiss code may begin with the same digits."""
    assert [is_set_apart(Place(country=country, postal_code="3800")) for country in ("CH", "ES", "DE")] == [
        False, True, False,
    ]  # fmt: skip
