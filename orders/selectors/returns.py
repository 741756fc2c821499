"""Returns as clients, staff and mails read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F, OuterRef

from orders.models import Return, ReturnLine
from orders.shapes import uuid_text
from shop.core.errors import NotFound
from shop.core.money import to_text
from shop.core.sql import JsonList

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

_LINE = ("quantity", "reason", "received", "restocked")


def returns_of(order_id: UUID) -> QuerySet[Return]:
    """Return the returns of an order, ready to serialise."""
    return ready(Return.objects.filter(order=order_id))


def return_of(order_id: UUID, return_id: UUID) -> Return:
    """
    Return one return of an order, ready to serialise.

    :raises NotFound: the order has no such return.
    """
    back = returns_of(order_id).filter(pk=return_id).first()
    if back is None:
        raise NotFound
    return back


def return_json(back: Any) -> dict[str, Any]:
    """Return a return as the contract has it."""
    currency = back.order.currency
    return {
        "id": str(back.pk),
        "status": back.status,
        "message": back.message,
        "lines": [
            {
                "line": uuid_text(row["line_id"]),
                "sku": row["sku"],
                "name": row["name"],
                **{name: row[name] for name in _LINE},
                # SQLite has no booleans of its own.
                "restocked": None if row["restocked"] is None else bool(row["restocked"]),
            }
            for row in back.line_rows
        ],
        "amount": None if back.amount is None else to_text(back.amount, currency),
        "currency": currency,
        "requested_at": back.requested_at,
        "decided_at": back.decided_at,
        "received_at": back.received_at,
        "refunded_at": back.refunded_at,
    }


def ready(returns: QuerySet[Return]) -> QuerySet[Return]:
    """Return returns with their lines, so that one statement reads them whole."""
    lines = ReturnLine.objects.filter(back=OuterRef("pk")).order_by("line__position")
    rows = JsonList(
        lines,
        line_id=F("line_id"),
        sku=F("line__sku"),
        name=F("line__name"),
        **{name: F(name) for name in _LINE},
    )
    return returns.select_related("order").annotate(line_rows=rows)
