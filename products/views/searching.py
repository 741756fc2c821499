"""What a search, or a list of a part of the catalogue, may cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from shop.core.time_limit import time_limit


@contextmanager
def bounded(filters: Mapping[str, Any]) -> Iterator[None]:
    """
    Let what is read by these filters go from key to key, where words or a part of the catalogue are asked for.

    Where words are searched for, its time is bounded too.
    """
    if filters.get("q"):
        with time_limit(settings.SEARCH_TIME_LIMIT), _from_key_to_key():
            yield
    elif connection.vendor == "postgresql" and any(map(_names_a_part, filters)):
        with transaction.atomic(), _from_key_to_key():
            yield
    else:
        yield


def _names_a_part(name: str) -> bool:
    return name in ("category", "brand") or name.startswith("attr.")


@contextmanager
def _from_key_to_key() -> Iterator[None]:
    inside_another = len(connection.savepoint_ids) > 0
    _plan(look_up_cost="1.1", helpers="0")
    yield
    if inside_another:
        # What a savepoint has set outlives it.
        _plan(look_up_cost="DEFAULT", helpers="DEFAULT")


def _plan(*, look_up_cost: str, helpers: str) -> None:
    """
    Tell PostgreSQL in this transaction what a row costs that is read by its key, and how many processes may help.

    A search goes on with some hundred rows of a large table, and so does a category with the prices of its products. As
    long as such a read is taken for a move of a disk's arm, as by default, the planner rather reads whole tables beside
    it, or all prices from the lowest on, which takes longer the larger they are. And it calls for helpers, which are
    started for a few thousand rows at most: that takes as long as reading them, and a processor from the next shopper.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET LOCAL random_page_cost = {look_up_cost};"
                f" SET LOCAL max_parallel_workers_per_gather = {helpers}"
            )
