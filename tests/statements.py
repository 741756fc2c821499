"""Counting statements as the budgets of the shop do: without what opens and closes transactions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNCOUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the SQL that runs inside the block, in order."""
    # Django asks SQLite once a process whether it knows JSON; that is no part of what is counted.
    _ = connection.features.supports_json_field
    seen: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not sql.lstrip().upper().startswith(_UNCOUNTED):
            seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield seen
