"""Orders as a file: a row for each line, for accounting and for whoever counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F, FilteredRelation, Q

from orders.models import OrderAddress, OrderLine
from shop.api.paging import Ordering
from shop.core.cells import cell, csv_text
from shop.core.money import rate_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from django.db.models import QuerySet

    from orders.models import Order

BATCH = 500
_STATES = ("status", "payment_status", "fulfilment_status", "disputed")
_ADDRESS = ("full_name", "company", "line1", "line2", "postal_code", "city", "region", "country")
_GOODS = ("quantity", "shipped", "cancelled", "returned")
_AMOUNTS = ("unit_price", "line_total", "discount_amount", "tax_amount")
# Said once an order, in its first row, so that a column of them adds up.
_TOTALS = ("subtotal", "discount_total", "shipping_total", "tax_total", "total", "refunded_total")
_OF_ORDER = ("number", "placed_at", *_STATES, "email", "language", *(f"ship_to_{name}" for name in _ADDRESS))
_OF_LINE = ("sku", "name", "options", *_GOODS, *_AMOUNTS, "tax_name", "tax_rate")
COLUMNS = (*_OF_ORDER, "currency", *_OF_LINE, *(f"order_{name}" for name in _TOTALS))
_NEWEST = Ordering("placed_at", descending=True)


def export_lines(orders: QuerySet[Order]) -> Iterator[str]:
    """
    Yield orders as CSV (RFC 4180), newest first, some hundred at a time, in two statements each time.

    Memory is that of one batch. By key and not by a cursor, which a pooler between here and the database would take
    away; an order that is placed meanwhile isn't in it.
    """
    yield csv_text([COLUMNS])
    for batch in _batches(orders):
        lines = _lines_of(batch)
        yield csv_text(row for order in batch for row in _rows(order, lines[order.pk]))


def _batches(orders: QuerySet[Order]) -> Iterator[list[Any]]:
    destination = FilteredRelation("addresses", condition=Q(addresses__kind=OrderAddress.Kind.SHIPPING))
    said = {f"ship_to_{name}": F(f"destination__{name}") for name in _ADDRESS}
    rows = _NEWEST.apply(orders.annotate(destination=destination).annotate(**said))
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        last = batch[-1]
        batch = list(_NEWEST.after(rows, last.placed_at, last.pk)[:BATCH]) if len(batch) == BATCH else []


def _lines_of(batch: Iterable[Order]) -> dict[UUID, list[OrderLine]]:
    lines: dict[UUID, list[OrderLine]] = {order.pk: [] for order in batch}
    for line in OrderLine.objects.filter(order__in=lines).order_by("order", "position"):
        lines[line.order_id].append(line)
    return lines


def _rows(order: Any, lines: list[OrderLine]) -> Iterator[list[str]]:
    about = {name: getattr(order, name) for name in (*_OF_ORDER, "currency")}
    totals = {f"order_{name}": to_text(getattr(order, name), order.currency) for name in _TOTALS}
    for number, line in enumerate(lines):
        cells = {**about, **(totals if number == 0 else {}), **_line_cells(line, order.currency)}
        yield [cell(cells.get(column)) for column in COLUMNS]


def _line_cells(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "options": ", ".join(f"{name}: {value}" for name, value in line.options.items()),
        **{name: getattr(line, name) for name in _GOODS},
        **{name: to_text(getattr(line, name), currency) for name in _AMOUNTS},
        "tax_name": line.tax_name,
        "tax_rate": rate_text(line.tax_rate),
    }
