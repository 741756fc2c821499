"""Pages by keyset: stable while rows are added, and as fast on the last page as on the first."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import F, Q
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.pagination import BasePagination
from rest_framework.response import Response

from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

COUNT_LIMIT = 10_000
PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


@dataclass(frozen=True)
class Ordering:
    """A unique order: by a column or annotation, then by primary key, both in the same direction."""

    column: str
    descending: bool = False

    def reversed(self) -> Ordering:
        """Return the same order from its other end."""
        return Ordering(self.column, not self.descending)

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows in this order; rows without a value come last."""
        # Said only where there can be such rows: an index in the plain order serves the others.
        last = True if self._has_nulls(rows) else None
        column = F(self.column)
        first = column.desc(nulls_last=last) if self.descending else column.asc(nulls_last=last)
        return rows.order_by(first, "-pk" if self.descending else "pk")

    def after(self, rows: QuerySet[Any], value: Any, pk: Any) -> QuerySet[Any]:
        """Return those that stand behind the row with this value and key."""
        beyond = "lt" if self.descending else "gt"
        if value is None:
            return rows.filter(**{f"{self.column}__isnull": True, f"pk__{beyond}": pk})
        same = Q(**{self.column: value, f"pk__{beyond}": pk})
        further = Q(**{f"{self.column}__{beyond}": value}) | same
        if self._has_nulls(rows):
            return rows.filter(further | Q(**{f"{self.column}__isnull": True}))
        # The first says nothing that the second doesn't, but an index can be entered by it.
        return rows.filter(**{f"{self.column}__{beyond}e": value}).filter(further)

    def before(self, rows: QuerySet[Any], value: Any, pk: Any) -> QuerySet[Any]:
        """Return those that stand before the row with this value and key."""
        if not self._has_nulls(rows):
            return self.reversed().after(rows, value, pk)
        beyond = "gt" if self.descending else "lt"
        if value is None:
            some = Q(**{f"{self.column}__isnull": False})
            return rows.filter(some | Q(**{f"{self.column}__isnull": True, f"pk__{beyond}": pk}))
        same = Q(**{self.column: value, f"pk__{beyond}": pk})
        return rows.filter(Q(**{f"{self.column}__{beyond}": value}) | same)

    def apply_backwards(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows from the other end: those without a value come first."""
        first = True if self._has_nulls(rows) else None
        column = F(self.column)
        from_end = column.asc(nulls_first=first) if self.descending else column.desc(nulls_first=first)
        return rows.order_by(from_end, "pk" if self.descending else "-pk")

    def _has_nulls(self, rows: QuerySet[Any]) -> bool:
        return bool(_column(rows, self.column).null)


class KeysetPagination(BasePagination):
    """
    ``{count, next, previous, results}`` with opaque, path-absolute cursors.

    A view names its order in ``ordering`` (an ``Ordering``) or ``get_ordering()``. ``count`` is exact up to
    10,000 and null beyond. One statement counts, one reads: two in all, whatever the page.
    """

    most_counted = COUNT_LIMIT

    def paginate_queryset(  # type: ignore[override]  # Only querysets are paged here.
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """
        Return the rows of the page that the query string asks for.

        :raises ValidationFailed: the page size or the cursor can't be read, or the cursor is another list's.
        """
        self.request = request
        self.size = _page_size(request)
        self.ordering: Ordering = view.get_ordering() if hasattr(view, "get_ordering") else view.ordering  # type: ignore[union-attr]
        cursor = self._read_cursor(queryset)
        backwards, *position = cursor or (False,)
        page = queryset
        if position:
            page = (self.ordering.before if backwards else self.ordering.after)(page, *position)
        page = (self.ordering.apply_backwards if backwards else self.ordering.apply)(page)
        counted, rows = self.read(page, queryset)
        self.count = counted if counted <= self.most_counted else None
        more = len(rows) > self.size
        rows = rows[: self.size]
        if backwards:
            rows.reverse()
        self.has_next = bool(rows) and (more or backwards)
        self.has_previous = bool(rows) and (more if backwards else cursor is not None)
        self.rows = rows
        return rows

    def read(self, page: QuerySet[Any], queryset: QuerySet[Any]) -> tuple[int, list[Any]]:
        """
        Return how many rows the list has, one more than the limit at most, and one row more than the page shows.

        :param page: the ordered rows from the cursor on, of ``queryset``, the whole list.
        """
        return self.countable(queryset).count(), list(page[: self.size + 1])

    def countable(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows to count: keys in no order, one more than are counted."""
        return queryset.order_by().values("pk")[: self.most_counted + 1]

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page as the contract shapes it."""
        return Response(
            {
                "count": self.count,
                "next": self._link(self.rows[-1], backwards=False) if self.has_next else None,
                "previous": self._link(self.rows[0], backwards=True) if self.has_previous else None,
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page for the schema."""
        link = {"type": ["string", "null"], "description": "Path-absolute and opaque."}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": ["integer", "null"], "description": f"Null beyond {COUNT_LIMIT}."},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe the parameters for the schema."""
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
            {"name": "page_size", "in": "query", "required": False, "schema": size},
        ]

    def _signature(self, position: str) -> str:
        """
        Bind a position to the list it is from: its path, filters and order, but not the page size.

        A cursor is only ever read back when this shop wrote it, so no stranger's value reaches a query.
        """
        skip = {"cursor", "page_size"}
        query = sorted((k, v) for k, v in self.request.query_params.items() if k not in skip)
        said = repr((self.request.path, query, self.ordering, position))
        return salted_hmac("shop.api.paging", said, algorithm="sha256").hexdigest()[:20]

    def _read_cursor(self, queryset: QuerySet[Any]) -> tuple[bool, Any, Any] | None:
        given = self.request.query_params.get("cursor")
        if given is None:
            return None
        position, _, signature = given.rpartition(".")
        if not constant_time_compare(signature, self._signature(position)):
            raise ValidationFailed(FieldError("cursor", "invalid", "This cursor is not from this list."))
        backwards, value, pk = json.loads(base64.urlsafe_b64decode(position + "=" * (-len(position) % 4)))
        return bool(backwards), _column(queryset, self.ordering.column).to_python(value), pk

    def _link(self, row: Model, *, backwards: bool) -> str:
        value = _value(row, self.ordering.column)
        said = json.dumps([int(backwards), value, str(row.pk)], default=_iso)
        position = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
        query = self.request.query_params.dict()
        query["cursor"] = f"{position}.{self._signature(position)}"
        return f"{self.request.path}?{urlencode(query)}"


def _page_size(request: Request) -> int:
    given = request.query_params.get("page_size")
    if given is None:
        return PAGE_SIZE
    if not given.isascii() or not given.isdigit() or len(given) > 9 or int(given) < 1:
        raise ValidationFailed(FieldError("page_size", "invalid", "Write a whole number of at least 1."))
    return min(int(given), MAX_PAGE_SIZE)


def _column(rows: QuerySet[Any], name: str) -> Any:
    """Return the field that an ordering's values are of: a column, a related one or an annotation."""
    return rows.all().query.resolve_ref(name).output_field


def _value(row: Any, column: str) -> Any:
    for part in column.split("__"):
        row = getattr(row, part)
    return row


def _iso(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
