"""The EU's VAT territory: which state's tax reigns where (Council Directive 2006/112/EC, articles 5 to 8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cart.places import Place

EU_STATES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
    "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip

# Monaco counts as France (article 7).
_PART_OF = {"MC": "FR"}

# Where the directive doesn't reign although the address says an EU state (article 6 and, for Greenland, article 355
# of the Treaty), by how its postal codes begin. Those that have a country code of their own aren't EU states anyway.
_OUTSIDE = {
    # Heligoland, Büsingen.
    "DE": ("27498", "78266"),
    # Greenland.
    "DK": ("39",),
    # The Canary Islands (Las Palmas, Tenerife), Ceuta, Melilla.
    "ES": ("35", "38", "51", "52"),
    # Åland.
    "FI": ("22",),
    # The overseas departments and territories; 980 is Monaco and isn't one of them.
    "FR": ("97", "984", "986", "987", "988"),
    # Mount Athos.
    "GR": ("63086", "63087"),
    # Livigno, Campione d'Italia.
    "IT": ("23041", "22061"),
}

_NO_DIGITS = re.compile(r"\D+")


def eu_state_of(place: Place) -> str:
    """Return the EU state whose VAT territory a place is in, or an empty text outside of it."""
    state = _PART_OF.get(place.country, place.country)
    return state if state in EU_STATES and not is_set_apart(place) else ""


def is_set_apart(place: Place) -> bool:
    """Tell whether a place belongs to an EU state and not to its VAT territory, as the Canary Islands do."""
    # Codes of these states are digits; what else people write is separators and the country: FI-22 100, D-27498.
    return _NO_DIGITS.sub("", place.postal_code).startswith(_OUTSIDE.get(place.country, ()))
