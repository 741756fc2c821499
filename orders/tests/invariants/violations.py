"""Invariants as queries for what breaks them, quick enough to be asked after each of thousands of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model


def violations(query: Callable[[], Any]) -> Callable[[], list[tuple[Any, ...]]]:
    """
    Turn a function that builds a query into one that returns its rows, as the database has them.

    The SQL is written once for each kind of database: building it costs ten times what asking a small one does.
    """
    written: dict[str, tuple[str, tuple[Any, ...]]] = {}

    def ask() -> list[tuple[Any, ...]]:
        vendor = connection.vendor
        if vendor not in written:
            written[vendor] = query().query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(*written[vendor])
            return list(cursor.fetchall())

    ask.__doc__, ask.__name__ = query.__doc__, query.__name__
    return ask


def total(model: type[Model], summed: Any, **where: Any) -> Coalesce:
    """Return the sum over rows of another table, 0 where there are none; ``where`` may name columns by ``outer``."""
    rows = model._default_manager.filter(**where).order_by()
    one = rows.annotate(_all=Value(1)).values("_all").annotate(_sum=Sum(summed)).values("_sum")
    return Coalesce(Subquery(one), 0)


def outer(name: str) -> OuterRef:
    """Return a column of the query around."""
    return OuterRef(name)
