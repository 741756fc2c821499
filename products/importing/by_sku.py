"""Files that name variants by their SKU alone: lists of prices and of stock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from products.importing.reading import Row
from products.importing.records import RowError
from products.models import Variant

_AT_ONCE = 500


def with_handles(rows: Iterable[Row | RowError], sku: str) -> Iterator[Row | RowError]:
    """
    Yield rows with the handle of the product that their SKU belongs to; some hundred at a time by product.

    :param sku: the heading of its column.
    """
    rows = iter(rows)
    while batch := list(islice(rows, _AT_ONCE)):
        skus = {row.cells[sku].strip() for row in batch if isinstance(row, Row)}
        slugs = dict(Variant.objects.filter(sku__in=skus).values_list("sku", "product__slug"))
        found = [row if isinstance(row, RowError) else _named(row, sku, slugs) for row in batch]
        yield from sorted(found, key=lambda row: row.cells["handle"] if isinstance(row, Row) else "")


def _named(row: Row, sku: str, slugs: dict[str, str]) -> Row | RowError:
    handle = slugs.get(row.cells[sku].strip())
    if handle is None:
        reason = "No variant has this SKU. Name the product by a handle to add one."
        return RowError(line=row.line, column=sku, reason=reason)
    return replace(row, cells={**row.cells, "handle": handle})
