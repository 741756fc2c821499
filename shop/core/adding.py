"""Many rows in one statement with few parameters, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from shop.core.sql import array

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import Field, Model

    _Fields = Mapping[str, Field[Any, Any]]
    _Rows = Sequence[Mapping[str, Any]]


def add_missing(
    model: type[Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    same: Mapping[str, Any] | None = None,
    told: str | None = None,
) -> list[Any]:
    """
    Insert the rows that aren't there yet, in their order, and return one column of those that are new.

    A row that would break a unique constraint counts as there. ``bulk_create`` doesn't tell which these were, and takes
    longer to write some hundred rows out than the database to keep them. Signals aren't sent.

    :param rows: what they say, by field (``user_id``); all have the same fields.
    :param same: what all say. Fields that neither names have their default.
    :param told: one of the rows' fields, which is returned; without it nothing is.
    """
    if not rows:
        return []
    fields = {field.attname: field for field in model._meta.concrete_fields}
    alike = {name: field.get_default() for name, field in fields.items() if not field.primary_key}
    alike |= {**(same or {}), **rows[0]}
    # The first one always, as there must be rows.
    own = {name: fields[name] for place, name in enumerate(rows[0]) if not place or _differ(rows, name)}
    others = {name: value for name, value in alike.items() if name not in own}
    source, columns, said = (_from_postgres if connection.vendor == "postgresql" else _from_sqlite)(own, rows)
    named = ", ".join(_quoted(fields[name].column) for name in (*own, *others))
    values = ", ".join((*columns, *["%s"] * len(others)))
    returning = f" RETURNING {_quoted(fields[told].column)}" if told else ""
    with connection.cursor() as cursor:
        cursor.execute(
            # Without a condition SQLite takes ON CONFLICT for one of a join.
            f"INSERT INTO {_quoted(model._meta.db_table)} ({named}) SELECT {values} FROM {source} WHERE true"  # noqa: S608
            f" ON CONFLICT DO NOTHING{returning}",
            [fields[name].get_db_prep_save(value, connection) for name, value in others.items()] + said,
        )
        if not told:
            return []
        if cursor.rowcount == len(rows):
            return [row[told] for row in rows]
        return [fields[told].to_python(value) for (value,) in cursor.fetchall()]


def _differ(rows: _Rows, name: str) -> bool:
    first = rows[0][name]
    # In JSON 1 and true are different, and in Python they are equal.
    if first and isinstance(first, dict | list):
        return True
    return any(row[name] != first for row in rows)


def _from_postgres(fields: _Fields, rows: _Rows) -> tuple[str, list[str], list[Any]]:
    names = list(map(_quoted, fields))
    # Without the length: a cast cuts off what is too long, and assigning it is an error.
    kinds = (str(field.db_type(connection)).partition("(")[0] for field in fields.values())
    source = f"unnest({', '.join(f'%s::{kind}[]' for kind in kinds)}) AS given ({', '.join(names)})"
    return source, names, [array([_plain(row[name]) for row in rows]) for name in fields]


def _plain(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value


def _from_sqlite(fields: _Fields, rows: _Rows) -> tuple[str, list[str], list[Any]]:
    said = [[fields[name].get_db_prep_save(row[name], connection) for name in fields] for row in rows]
    columns = [f"json_extract(value, '$[{place}]')" for place in range(len(fields))]
    return "json_each(%s)", columns, [json.dumps(said)]


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(str(name))
