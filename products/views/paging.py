"""Pages of the catalogue, whose length isn't counted over and over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from products import selectors
from products.memory import Remembered
from shop.api.paging import KeysetPagination
from shop.core.sql import RowCount

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from products.search import Found, Ranking


class CataloguePagination(KeysetPagination):
    """
    Keyset pages whose length is remembered where it is long, and otherwise read with the page.

    Two statements: the catalogue's version, or what a search has found (``view.found``), and the page.
    """

    def paginate_queryset(  # type: ignore[override]  # Only querysets are paged here.
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return the rows of the page that the query string asks for."""
        self.found: Found | None = getattr(view, "found", None)
        return super().paginate_queryset(queryset, request, view)

    def read(self, page: QuerySet[Any], queryset: QuerySet[Any]) -> tuple[int, list[Any]]:
        """Return the length of the list and the rows of the page."""
        ranking = self.found.ranking if self.found else None
        if ranking is not None:
            return len(ranking.places), self._ranked(page, queryset, ranking)
        about = {
            k: v for k, v in self.request.query_params.items() if k not in ("cursor", "page_size", "ordering")
        }
        version = self.found.version if self.found else None
        categories = self.found.categories if self.found else None
        if categories is not None:
            newest = self.ordering.column == "created_at"
            page = selectors.first_in(page, categories, size=self.size + 1, newest=newest)
            queryset = queryset.filter(category__in=categories)
        elif self.found and self.found.counted is not None:
            queryset = self.found.counted
        remembered = Remembered("count", about, on_stock="in_stock" in about, version=version)
        length = remembered.get()
        if length is not None:
            return length, list(page[: self.size + 1])
        length, rows = self._with_length(page, queryset)
        remembered.keep(length, products=length, lasting=length > self.most_counted)
        return length, rows

    def _ranked(self, page: QuerySet[Any], queryset: QuerySet[Any], ranking: Ranking) -> list[Any]:
        """Return the rows of a page by their ids, which are known."""
        cursor = self._read_cursor(queryset)
        place = (cursor[1], int(cursor[2])) if cursor else None
        ids = ranking.beyond(place, backwards=bool(cursor and cursor[0]))
        rows: list[Any] = []
        # Once, but where some aren't shown any more that were when they were ranked.
        while ids and len(rows) <= self.size:
            missing = self.size + 1 - len(rows)
            rows += page.filter(pk__in=ids[:missing])
            ids = ids[missing:]
        return rows

    def _with_length(self, page: QuerySet[Any], queryset: QuerySet[Any]) -> tuple[int, list[Any]]:
        rows = list(page.annotate(length=RowCount(self.countable(queryset)))[: self.size + 1])
        if rows or "cursor" not in self.request.query_params:
            return (rows[0].length if rows else 0), rows
        # Behind the last one there is no row to read it from.
        return self.countable(queryset).count(), rows
