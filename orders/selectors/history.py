"""What was bought before: the answers that carts ask for through their port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.models import Order

if TYPE_CHECKING:
    from uuid import UUID

_BOUGHT = (Order.PaymentStatus.PAID, Order.PaymentStatus.PARTIALLY_REFUNDED, Order.PaymentStatus.REFUNDED)


def has_bought(*, user_id: UUID) -> bool:
    """Tell whether a customer ever paid an order."""
    return Order.objects.filter(user_id=user_id, payment_status__in=_BOUGHT).exists()


def order_of_cart(*, cart_id: UUID) -> UUID | None:
    """Return the order that a cart became."""
    return Order.objects.filter(cart_id=cart_id).values_list("pk", flat=True).first()
