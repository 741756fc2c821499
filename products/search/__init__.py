"""Finding products by words."""

from __future__ import annotations

from collections.abc import Iterable


def index(product_ids: Iterable[int]) -> None:
    """Bring what search knows of these products in line with the catalogue, in the caller's transaction."""
