"""How an order looks in a list for staff: what its own row says, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.shapes import stage_of
from shop.core.money import to_text

if TYPE_CHECKING:
    from orders.models import Order


def slim(order: Order) -> dict[str, Any]:
    """Return an order without its lines and addresses."""
    return {
        "id": str(order.pk),
        "number": order.number,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "stage": stage_of(order),
        "disputed": order.disputed,
        "user": order.user_id and str(order.user_id),
        "email": order.email,
        "language": order.language,
        "total": to_text(order.total, order.currency),
        "refunded_total": to_text(order.refunded_total, order.currency),
        "currency": order.currency,
        "placed_at": order.placed_at,
        "payment_due_at": order.payment_due_at,
    }
