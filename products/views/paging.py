"""Pages of the catalogue, whose length isn't counted over and over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from products.memory import Remembered
from shop.api.paging import KeysetPagination, countable
from shop.core.sql import RowCount

if TYPE_CHECKING:
    from django.db.models import QuerySet


class CataloguePagination(KeysetPagination):
    """
    Keyset pages whose length is remembered where it is long, and otherwise read with the page.

    Two statements: the catalogue's version, or the words of a search, and the page.
    """

    def read(self, page: QuerySet[Any], queryset: QuerySet[Any]) -> tuple[int, list[Any]]:
        """Return the length of the list and the rows of the page."""
        about = {
            k: v for k, v in self.request.query_params.items() if k not in ("cursor", "page_size", "ordering")
        }
        if "q" in about:
            return self._with_length(page, queryset)
        remembered = Remembered("count", about, on_stock="in_stock" in about)
        length = remembered.get()
        if length is not None:
            return length, list(page[: self.size + 1])
        length, rows = self._with_length(page, queryset)
        remembered.keep(length, products=length)
        return length, rows

    def _with_length(self, page: QuerySet[Any], queryset: QuerySet[Any]) -> tuple[int, list[Any]]:
        rows = list(page.annotate(length=RowCount(countable(queryset)))[: self.size + 1])
        if rows or "cursor" not in self.request.query_params:
            return (rows[0].length if rows else 0), rows
        # Behind the last one there is no row to read it from.
        return countable(queryset).count(), rows
