"""What was bought before: the answers that carts ask for through their port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists

from orders.models import Order

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

_BOUGHT = (Order.PaymentStatus.PAID, Order.PaymentStatus.PARTIALLY_REFUNDED, Order.PaymentStatus.REFUNDED)


def bought_by(user: Any) -> Exists:
    """Return the condition that a customer ever paid an order; ``user`` is their id in the query that asks."""
    return Exists(Order.objects.filter(user_id=user, payment_status__in=_BOUGHT))


def emails_of_carts(cart_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the addresses on the orders that these carts became, by cart; without one that was forgotten."""
    return dict(Order.objects.filter(cart_id__in=cart_ids).exclude(email="").values_list("cart_id", "email"))


def order_of_cart(*, cart_id: UUID) -> UUID | None:
    """Return the order that a cart became."""
    return Order.objects.filter(cart_id=cart_id).values_list("pk", flat=True).first()
