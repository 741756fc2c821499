"""The checker itself: each invariant notices what breaks it, and none complains about a shop that is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.db.models import F

from cart import services as cart
from cart.models import Cart, CartItem, CustomerUses, Promotion, Redemption
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from orders import services
from orders.models import Order, OrderAddress, OrderLine, OrderMove, Return, ReturnLine
from orders.services import Actor
from orders.tests.backs import ask, come_back, delivered
from orders.tests.factories import paid, place_cart
from orders.tests.invariants import AT_REST, CHECKS, check_at_rest
from orders.tests.parcels import cancel_lines
from products.models import Reservation, StockItem, StockMovement
from products.tests.factories import NOW, variant
from shop.core.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

# Checks of the database would refuse most of this; SQLite can be told not to.
pytestmark = [pytest.mark.django_db, pytest.mark.needs_sqlite]

MOVED = StockMovement.objects
HOLDS = Reservation.objects


def moves() -> QuerySet[OrderMove]:
    return OrderMove.objects.filter(axis="status", to_state="confirmed")


def sell_twice() -> object:
    sold = HOLDS.filter(state="sold").values("order_ref", "variant_id", "quantity", "state", "created_at")
    return HOLDS.create(**sold[0])


CORRUPTIONS: dict[str, Callable[[], object]] = {
    "M2": lambda: Order.objects.update(total=F("total") + 1),
    "M3": lambda: OrderLine.objects.update(tax_amount=F("tax_amount") + 1),
    "M5": lambda: OrderAddress.objects.update(city="Bonn"),
    "S1": lambda: StockItem.objects.update(on_hand=F("on_hand") + 1),
    "S2": lambda: MOVED.filter(kind="receipt").update(delta=1),
    "S3": lambda: HOLDS.filter(state="active").update(quantity=F("quantity") + 1),
    "S4": lambda: MOVED.filter(kind="receipt").update(delta=1),
    "S5 sold": lambda: MOVED.filter(kind="sale").delete(),
    "S5 to nobody": lambda: MOVED.filter(kind="sale").update(ref=new_id()),
    "S5 cancelled": lambda: MOVED.filter(kind="restock", ref__in=Order.objects.values("pk")).delete(),
    "S5 taken off": lambda: MOVED.filter(kind="restock").update(delta=F("delta") + 1),
    "S5 back": lambda: ReturnLine.objects.update(restocked=False),
    "S5 more back": lambda: MOVED.filter(kind="restock").update(delta=100),
    "S6 active": lambda: HOLDS.filter(state="sold").update(state="active"),
    "S6 sold": lambda: HOLDS.filter(state="active").update(state="sold"),
    "S6 twice": sell_twice,
    "C1": lambda: Promotion.objects.update(used=F("used") + 1),
    "C2": lambda: CustomerUses.objects.update(used=F("used") + 1),
    "C2 uncounted": lambda: Redemption.objects.update(uses=None),
    "C3": lambda: Redemption.objects.update(state="held"),
    "O1": lambda: moves().update(from_state="completed"),
    "O2": lambda: moves().delete(),
    "O3": lambda: moves().update(from_state="cancelled"),
    "O4 closed": lambda: Cart.objects.update(status="open"),
    "O4 changed": lambda: CartItem.objects.update(quantity=F("quantity") + 1),
    "G1": lambda: OrderLine.objects.update(shipped=F("shipped") + 1),
    "G2": lambda: ReturnLine.objects.filter(received=None).update(quantity=100),
    "G3": lambda: Order.objects.update(fulfilment_status="shipped"),
}


def a_bit_of_everything() -> None:
    """Make an order that waits, one with lines taken off, one that came back in part, and one that was cancelled."""
    selling()
    coupon("TEN", max_uses=5, max_uses_each=5)
    lamp = variant()
    orders = []
    for _ in range(2):
        who = shopper()
        filled(who, lamp, quantity=2)
        cart.add_coupon(owner=who.owner, code="TEN", now=NOW)
        orders.append(place_cart(who, bound_for(who).totals.total))
    with transaction.atomic():
        services.mark_paid(order_id=orders[0].pk, now=NOW)
        services.cancel_order(order_id=orders[0].pk, actor=Actor(), now=NOW)
        cart.give_back_coupons(cart_id=orders[0].cart_id)
    cancel_lines(paid(variant(), quantity=3), [2])
    back = delivered(quantity=3)
    come_back(back, [1])
    ask(back, [1])
    assert Return.objects.count() == 2


def test_each_invariant_notices_what_breaks_it():
    a_bit_of_everything()
    check_at_rest()
    checks = CHECKS | AT_REST
    unseen = []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            for name, corrupt in CORRUPTIONS.items():
                before = transaction.savepoint()
                corrupt()
                unseen += [] if checks[name]() else [name]
                transaction.savepoint_rollback(before)
        finally:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")

    assert unseen == []
    assert CORRUPTIONS.keys() == checks.keys()
    check_at_rest()
