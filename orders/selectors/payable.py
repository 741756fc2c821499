"""What payments must know of an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orders.models import Order
from orders.moves import UNDER_WAY
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class PayableOrder:
    """An order as its payments see it; ``total`` in minor units of ``currency``."""

    id: UUID
    number: str
    user_id: UUID | None
    cart_id: UUID
    email: str
    language: str
    currency: str
    total: int
    status: str
    payment_status: str
    payment_due_at: datetime | None
    version: int


def payable_of(order: Order) -> PayableOrder:
    """Return the part of an order that its payments see."""
    return PayableOrder(
        id=order.pk,
        number=order.number,
        user_id=order.user_id,
        cart_id=order.cart_id,
        email=order.email,
        language=order.language,
        currency=order.currency,
        total=order.total,
        status=order.status,
        payment_status=order.payment_status,
        payment_due_at=order.payment_due_at,
        version=order.version,
    )


def payable(order_id: UUID) -> PayableOrder:
    """
    Return an order as its payments see it, not locked.

    :raises NotFound: there is none.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return payable_of(order)


def overdue(*, now: datetime, limit: int = 100, without: Collection[UUID] = ()) -> list[UUID]:
    """
    Return pending orders past their time to pay, the longest overdue first, but for some that wait for something else.

    Those whose money is under way are left out: it may take days, and they would stand in front of all others.
    """
    rows = Order.objects.filter(status=Order.Status.PENDING, payment_due_at__lt=now)
    rows = rows.exclude(payment_status__in=UNDER_WAY)
    if without:
        rows = rows.exclude(pk__in=without)
    return list(rows.order_by("payment_due_at").values_list("pk", flat=True)[:limit])


def waits_to_be_sent(order_id: UUID) -> bool:
    """Tell whether an order has goods to send and none of them has left."""
    waiting = Order.objects.filter(
        pk=order_id,
        fulfilment_status=Order.FulfilmentStatus.UNFULFILLED,
        lines__requires_shipping=True,
    )
    return waiting.exists()
