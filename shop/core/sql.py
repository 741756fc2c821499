"""SQL that Django has no word for, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import (
    BigIntegerField,
    F,
    Field,
    Func,
    IntegerField,
    JSONField,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import JSONObject


class JsonList(Subquery):
    """
    The rows of a subquery as one JSON list, so that a parent and its children are read in one statement.

    ``JsonList(Image.objects.filter(product=OuterRef("pk")).order_by("position"), url="file")`` is a list of
    ``{"url": …}``, in the subquery's order; an empty one is ``[]``.
    """

    output_field = JSONField()

    def __init__(self, rows: QuerySet[Any], **members: Any) -> None:
        super().__init__(rows.annotate(json_object=JSONObject(**members)).values("json_object"))

    def as_sql(self, compiler: Any, connection: Any, template: str | None = None, **context: Any) -> Any:
        """Return the subquery inside the aggregate that this database has."""
        sql, params = super().as_sql(compiler, connection, template, **context)
        # The only text put in is what Django has just compiled; every value stays a parameter.
        if connection.vendor == "postgresql":
            template = "(SELECT COALESCE(jsonb_agg(item.json_object), '[]'::jsonb) FROM %s item)"
        else:
            # JSON() once more, for SQLite forgets what a subquery returned when it is a member of another list.
            template = "JSON((SELECT json_group_array(json(item.json_object)) FROM %s item))"
        return template.replace("%s", sql, 1), params


class RowCount(Subquery):
    """How many rows a subquery has, its limit included, so that a list and its length are read in one statement."""

    output_field = IntegerField()
    template = "(SELECT COUNT(*) FROM (%(subquery)s) item)"


def array(values: Iterable[Any]) -> str:
    """Return values as PostgreSQL writes an array of whatever they are; a list it would have to read one by one."""
    said = (
        "NULL" if value is None else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
        for value in values
    )
    return f"{{{','.join(said)}}}"


class Among(Func):
    """Many keys as one parameter, for ``pk__in=``: otherwise the planner reads each of ten thousand."""

    def __init__(self, keys: Iterable[Any], output_field: Field[Any, Any] | None = None) -> None:
        """Take the keys, and the field that they are of unless they are whole numbers."""
        super().__init__(output_field=output_field or BigIntegerField())
        self.keys = list(keys)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        """Return a subquery that has the keys as its rows."""
        field = self.output_field
        if connection.vendor == "postgresql":
            return f"(SELECT unnest(%s::{field.db_type(connection)}[]))", [array(self.keys)]
        keys = [field.get_db_prep_value(key, connection) for key in self.keys]
        return "(SELECT value FROM json_each(%s))", [json.dumps(keys)]


class JsonColumn(Func):
    """A JSON column as a member of a ``JsonList``: SQLite keeps JSON as text and would quote it again."""

    output_field = JSONField()

    def __init__(self, name: str) -> None:
        super().__init__(F(name))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the column as JSON and not as text."""
        return self.as_sql(compiler, connection, function="JSON", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the column as it is."""
        return self.as_sql(compiler, connection, template="%(expressions)s", **context)


class Given(Value):
    """
    A value that is said when a queryset runs, and not when it is built: ``with given(now=now): rows.first()``.

    Django takes longer to build a queryset with many subqueries than the database to answer it; with this it can be
    built once a process.
    """

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(None, output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Return a parameter with what is given now."""
        return Value(_given.get()[self.name], output_field=self.output_field).as_sql(compiler, connection)


_given: ContextVar[dict[str, Any]] = ContextVar("given")


@contextmanager
def given(**values: Any) -> Iterator[None]:
    """Say the values of every ``Given`` for the querysets that run inside the block."""
    token = _given.set(values)
    try:
        yield
    finally:
        _given.reset(token)
