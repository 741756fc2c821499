"""What mails about the goods of an order say, beside the order itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.models import LineCancellation, Return
from orders.selectors.returns import ready, return_json

if TYPE_CHECKING:
    from uuid import UUID


def return_for_mail(return_id: UUID) -> dict[str, Any]:
    """
    Return a return as the contract shapes it.

    :raises Return.DoesNotExist: there is none.
    """
    return return_json(ready(Return.objects.filter(pk=return_id)).get())


def cancelled_for_mail(ref: UUID) -> list[dict[str, Any]]:
    """Return line, name and quantity of what was taken off an order together, in the order of its lines."""
    rows = LineCancellation.objects.filter(ref=ref).order_by("line__position")
    return [
        {"line": str(row.line_id), "name": row.line.name, "quantity": row.quantity}
        for row in rows.select_related("line")
    ]
