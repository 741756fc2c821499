"""How many rows the plans of a request have looked at, on PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOKED = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")


def most_visited(client: Any, path: str, *tables: str) -> int:
    """Return how many rows of one of the tables the dearest statement of a GET has looked at."""
    return max(_visited(plan, table) for plan in _plans(client, path) for table in tables)


def _plans(client: Any, path: str) -> Iterator[dict[str, Any]]:
    asked = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        assert client.get(path).status_code == 200, path
    for sql, params in asked:
        if sql.startswith("SET LOCAL"):
            # What the request had told the planner, until it takes it back.
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
        if sql.lstrip().startswith(("SELECT", "WITH")):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
                (found,) = cursor.fetchone()
                yield (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def _visited(plan: dict[str, Any], table: str) -> int:
    here = 0
    if plan.get("Relation Name") == table:
        here = round(sum(plan.get(name, 0) for name in _LOOKED) * plan["Actual Loops"])
    return here + sum(_visited(below, table) for below in plan.get("Plans", ()))
