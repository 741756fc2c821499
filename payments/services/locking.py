"""Getting hold of a payment: its order first, always."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders import services as orders
from payments.models import OPEN, Payment
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from orders.selectors import PayableOrder


def lock_payment(payment_id: UUID) -> tuple[PayableOrder, Payment]:
    """
    Return a payment and its order, both locked until the transaction ends. Locks: order, payment.

    :raises NotFound: there is none.
    """
    order_id = Payment.objects.filter(pk=payment_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound
    order = orders.lock_order(order_id=order_id)
    return order, Payment.objects.select_for_update().get(pk=payment_id)


def lock_open_payment(order_id: UUID) -> tuple[PayableOrder, Payment | None]:
    """
    Return an order and its open payment, if it has one, both locked. Locks: order, payment.

    :raises NotFound: there is no such order.
    """
    order = orders.lock_order(order_id=order_id)
    return order, Payment.objects.select_for_update().filter(order_id=order_id, status__in=OPEN).first()
