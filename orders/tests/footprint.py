"""What placing an order writes, to prove that a refusal wrote nothing."""

from __future__ import annotations

from typing import Any

from cart.models import Cart, CartItem, Coupon, CustomerUses, Promotion, Redemption
from orders.models import Order, OrderAddress, OrderLine, OrderMove
from products.models import Reservation, StockItem, StockMovement
from shop.events.models import OutboxEvent


def footprint() -> dict[str, Any]:
    """Return everything that placing an order writes."""
    return {
        "orders": list(Order.objects.values_list("pk", "version")),
        "rows": [model.objects.count() for model in (OrderLine, OrderAddress, OrderMove, Reservation)],
        "events": OutboxEvent.objects.count(),
        "stock": list(StockItem.objects.order_by("pk").values_list("on_hand", "reserved")),
        "movements": StockMovement.objects.count(),
        "coupons": list(Coupon.objects.values_list("code", "used")),
        "promotions": list(Promotion.objects.order_by("pk").values_list("name", "used")),
        "customers": list(CustomerUses.objects.order_by("pk").values_list("promotion", "used")),
        "redemptions": list(Redemption.objects.order_by("pk").values_list("pk", "state")),
        "carts": list(Cart.objects.order_by("pk").values_list("status", "version")),
        "items": CartItem.objects.count(),
    }
