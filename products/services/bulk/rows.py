"""Writing rows that are there, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model


def update(model: type[Model], rows: Sequence[Any], columns: set[str]) -> None:
    """
    Write some columns of rows that the caller holds locked.

    As an insert that always meets the row: a CASE for each row and column, which ``bulk_update`` makes, takes ten
    times as long.
    """
    model._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=["pk"], update_fields=sorted(columns)
    )
