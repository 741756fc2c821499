"""What a search may cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

from shop.core.time_limit import time_limit


@contextmanager
def bounded(filters: Mapping[str, Any]) -> Iterator[None]:
    """Bound the time for reading by these filters, and let it go from key to key, where words are searched for."""
    if not filters.get("q"):
        yield
        return
    with time_limit(settings.SEARCH_TIME_LIMIT):
        inside_another = len(connection.savepoint_ids) > 0
        _look_up_at("1.1")
        yield
        if inside_another:
            # What a savepoint has set outlives it.
            _look_up_at("DEFAULT")


def _look_up_at(cost: str) -> None:
    """
    Tell PostgreSQL what a row costs that is read by its key, in this transaction.

    A search goes on with some hundred rows of a large table. As long as such a read is taken for a move of a disk's
    arm, as by default, the planner rather reads whole tables beside it, which takes longer the larger they are.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL random_page_cost = {cost}")
