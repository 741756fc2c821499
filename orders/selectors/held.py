"""What orders hold on a person, and which of them are still going on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

from orders.models import Order, OrderLine, Return
from orders.moves import UNDER_WAY
from orders.selectors.reading import ready
from orders.shapes import shape

if TYPE_CHECKING:
    from uuid import UUID

_HERE = (Order.FulfilmentStatus.DELIVERED, Order.FulfilmentStatus.RETURNED)
_RETURNING = (Return.Status.REQUESTED, Return.Status.APPROVED, Return.Status.RECEIVED)
_MONEY_KEPT = (Order.PaymentStatus.PAID, Order.PaymentStatus.PARTIALLY_REFUNDED)


def order_ids_of(user_id: UUID) -> list[UUID]:
    """Return the ids of a customer's orders, oldest first."""
    return list(Order.objects.filter(user_id=user_id).order_by("pk").values_list("pk", flat=True))


def cart_ids_of(user_id: UUID) -> list[UUID]:
    """Return the ids of the carts that became a customer's orders; some may have been a guest's."""
    return list(Order.objects.filter(user_id=user_id).values_list("cart_id", flat=True))


def unfinished(user_id: UUID) -> list[str]:
    """Return a sentence for each of a customer's orders that the shop still has something to do about."""
    to_send = OrderLine.objects.filter(order=OuterRef("pk"), requires_shipping=True)
    coming = Return.objects.filter(order=OuterRef("pk"), status__in=_RETURNING)
    rows = (
        Order.objects.filter(user_id=user_id)
        .annotate(has_goods=Exists(to_send), comes_back=Exists(coming))
        .order_by("placed_at", "pk")
    )
    return [sentence for order in rows if (sentence := _what_is_left(order))]


def _what_is_left(order: Any) -> str:
    if order.payment_status in UNDER_WAY:
        return f"The payment of order {order.number} is still under way."
    if order.status == Order.Status.PENDING:
        return f"Order {order.number} is neither paid nor cancelled."
    if order.status == Order.Status.CONFIRMED and order.has_goods and order.fulfilment_status not in _HERE:
        return f"Order {order.number} isn't delivered yet."
    if order.status == Order.Status.CANCELLED and order.payment_status in _MONEY_KEPT:
        return f"The money for order {order.number} isn't back yet."
    if order.comes_back:
        return f"Something of order {order.number} is being sent back."
    return f"The payment of order {order.number} is disputed." if order.disputed else ""


def _return_held(back: Return) -> dict[str, Any]:
    return {
        "status": back.status,
        "message": back.message,
        "requested_at": back.requested_at,
        "lines": [
            {"sku": row.line.sku, "quantity": row.quantity, "reason": row.reason} for row in back.lines.all()
        ],
    }


def orders_held(user_id: UUID) -> list[dict[str, Any]]:
    """Return everything that a customer's orders say, with their history, oldest first."""
    orders = (
        ready(Order.objects.filter(user_id=user_id))
        .prefetch_related("moves", "notes", "lines__cancellations", "returns__lines__line")
        .order_by("placed_at", "pk")
    )
    return [
        {
            **shape(order),
            "external_id": order.external_id,
            "metadata": order.metadata,
            "returns": [_return_held(back) for back in order.returns.all()],
            # What staff keep to themselves isn't the person's to have.
            "notes": [
                {"text": note.text, "at": note.at}
                for note in sorted(order.notes.all(), key=lambda note: note.pk)
                if note.visible
            ],
            "cancelled_lines": [
                {"sku": line.sku, "quantity": one.quantity, "reason": one.reason, "at": one.at}
                for line in order.lines.all()
                for one in line.cancellations.all()
            ],
            "history": [
                {
                    "axis": move.axis,
                    "to": move.to_state,
                    "at": move.at,
                    "by": move.actor,
                    "reason": move.cause,
                }
                for move in sorted(order.moves.all(), key=lambda move: move.version)
            ],
        }
        for order in orders
    ]
