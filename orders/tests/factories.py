"""Orders for tests, of this app and of others: placed through the services, as shoppers do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from cart.models import TaxRate
from cart.selectors import Shopper
from cart.tests.factories import bound_for, filled, selling, shopper
from orders import services
from orders.models import Order
from orders.moves import FULFILMENT
from orders.services import moving
from products.models import Variant
from products.tests.factories import NOW, variant
from shop.core.money import to_text
from users.selectors import PostalAddress

ADDRESS = PostalAddress(
    full_name="Ada Lovelace",
    line1="Hauptstr. 1",
    city="Berlin",
    postal_code="10115",
    country="DE",
    phone="+493012345",
)


def placing(total: int, **values: Any) -> services.Placing:
    """Return what a shopper says when placing, for a total in minor units of EUR."""
    said: dict[str, Any] = {
        "email": "ada@example.com",
        "language": "en",
        "expected_total": to_text(total, "EUR"),
        "shipping_address": ADDRESS,
        "shipping_method": "standard",
    }
    return services.Placing(**said | values)


def place(
    *variants: Variant, user: Any = None, quantity: int = 1, now: datetime = NOW, **values: Any
) -> Order:
    """Return a pending order of a guest, or of a customer; of one new variant unless some are given."""
    if not TaxRate.objects.exists():
        selling()
    who = shopper(user)
    filled(who, *(variants or (variant(now=now),)), quantity=quantity, now=now)
    cart = bound_for(who, now=now)
    return place_cart(who, cart.totals.total, now=now, **values)


def place_cart(who: Shopper, total: int, *, now: datetime = NOW, **values: Any) -> Order:
    """Return the order of a shopper's cart."""
    with transaction.atomic():
        return services.place_order(owner=who.owner, placing=placing(total, **values), now=now)


def paid(*variants: Variant, now: datetime = NOW, **values: Any) -> Order:
    """Return an order whose money has arrived."""
    order = place(*variants, now=now, **values)
    with transaction.atomic():
        services.mark_paid(order_id=order.pk, now=now)
    order.refresh_from_db()
    return order


def ship(order: Order, *states: str, now: datetime = NOW) -> None:
    """Move the goods of an order along, as shipping will."""
    with transaction.atomic():
        for state in states:
            moving.move(moving.locked(order.pk), FULFILMENT, state, actor=services.Actor(), now=now)
