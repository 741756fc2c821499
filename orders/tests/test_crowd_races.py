"""Crowds on PostgreSQL: many more buyers than goods, many clicks for one order, goods that come back meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.response import Response

from cart.models import Cart, CartItem
from cart.selectors import CartOwner
from cart.selectors import loading as cart_loading
from cart.tests.factories import selling
from orders import services
from orders.models import Order
from orders.tests.factories import paid, place, placing
from orders.tests.invariants import CHECKS, check_invariants
from orders.tests.shopping import buyer
from orders.tests.test_races import codes, outcome
from products import services as products
from products.models import StockItem
from products.services import stock
from products.tests.factories import NOW, variant
from shop.api.idempotency import Guard
from shop.core import transactions
from shop.core.ids import new_token, token_hash
from users.tests.races import together

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]

CLICKS = 50
AT_ONCE = 20


class TestHundredUnits:
    def test_are_sold_to_a_hundred_of_two_hundred_buyers(self):
        selling()
        lamp = variant(on_hand=100)
        tokens = [new_token() for _ in range(200)]
        carts = [
            Cart(token_hash=token_hash(token), currency="EUR", created_at=NOW, updated_at=NOW)
            for token in tokens
        ]
        Cart.objects.bulk_create(carts)
        CartItem.objects.bulk_create(CartItem(cart=cart, variant=lamp, quantity=1) for cart in carts)

        def some(number: int) -> list[str]:
            return [
                outcome(
                    services.place_order,
                    owner=CartOwner.of(user_id=None, token=token),
                    placing=placing(2480),
                )
                for token in tokens[number::AT_ONCE]
            ]

        outcomes = Counter(said for answers in together(AT_ONCE, some) for said in answers)

        assert outcomes == {"ok": 100, "out_of_stock": 100}
        assert StockItem.objects.values_list("on_hand", "reserved").get() == (100, 100)
        check_invariants()


class TestSameKey:
    def test_fifty_times_makes_one_order_and_equal_answers(self):
        who, key = buyer(variant()), str(uuid4())

        answers = together(CLICKS, lambda _: who.place(key))

        # On a busy machine the first may take longer than the others wait.
        assert set(codes(answers)) <= {201, (409, "idempotency_in_progress")}
        placed = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.content for answer in placed}) == 1
        assert sum("Idempotent-Replayed" not in answer.headers for answer in placed) == 1
        assert Order.objects.count() == 1
        check_invariants()

    def test_negative_control_without_the_guard_the_answers_differ(self, monkeypatch):
        def unclaimed(self: Guard, effect: Any) -> Response:
            made = effect(timezone.now())
            return Response(made.body, status=made.status)

        monkeypatch.setattr(Guard, "_claim_and_run", unclaimed)
        who, key = buyer(variant()), str(uuid4())

        assert codes(together(4, lambda _: who.place(key))) == {201: 1, (409, "cart_converted"): 3}


class TestSameCart:
    def test_fifty_times_under_other_keys_becomes_one_order(self):
        who = buyer(variant())

        answers = together(CLICKS, lambda _: who.place())

        assert codes(answers) == {201: 1, (409, "cart_converted"): CLICKS - 1}
        assert {a.json()["order"] for a in answers if a.status_code == 409} == {str(Order.objects.get().pk)}
        check_invariants()

    def test_negative_control_without_lock_and_guard_only_the_database_keeps_it_one(self, monkeypatch):
        all_have_read = threading.Barrier(4)
        load = cart_loading.load_cart

        def unlocked(*args: Any, **said: Any) -> Any:
            found = load(*args, **said | {"lock": False})
            all_have_read.wait(timeout=30)
            return found

        who = buyer(variant())
        monkeypatch.setattr("cart.services.opening.selectors.load_cart", unlocked)
        monkeypatch.setattr("orders.services.placing.cart.convert", lambda **_: None)

        assert codes(together(4, lambda _: who.place())) == {201: 1, (500, "internal_error"): 3}


class TestAddToCart:
    def test_negative_control_without_lock_and_guard_it_is_in_a_cart_that_was_ordered(self, monkeypatch):
        who, shade = buyer(variant()), variant()
        has_read, is_added, here = threading.Event(), threading.Event(), threading.local()
        load = cart_loading.load_cart

        def unlocked(*args: Any, **said: Any) -> Any:
            found = load(*args, **said | {"lock": False})
            if here.places:
                has_read.set()
                is_added.wait(timeout=30)
            return found

        monkeypatch.setattr("cart.services.opening.selectors.load_cart", unlocked)
        monkeypatch.setattr("orders.services.placing.cart.convert", lambda **_: None)

        def either(number: int) -> Any:
            here.places = number == 1
            if here.places:
                return who.place()
            has_read.wait(timeout=30)
            added = who.client.post(
                "/api/v1/cart/items/", {"variant": shade.pk, "quantity": 1}, headers=who.cart
            )
            is_added.set()
            return added

        assert codes(together(2, either)) == {201: 2}
        assert [variant for _, variant, _ in CHECKS["O4 changed"]()] == [shade.pk]


class TestCrossedCarts:
    def test_negative_control_locked_in_another_order_they_wait_in_a_circle(self, monkeypatch):
        # A circle would be tried again, and nobody would notice.
        monkeypatch.setattr(transactions, "_RETRYABLE", frozenset())
        buyers = [buyer(*pair) for pair in [(variant(), variant())] * 2]
        holds_one, turns = threading.Barrier(2), iter((1, -1))

        def crosswise(variants: Any) -> dict[int, StockItem]:
            found = {}
            for pk in sorted(variants)[:: next(turns)]:
                rows = StockItem.objects.select_for_update(of=("self",)).select_related("variant")
                found[pk] = rows.get(pk=pk)
                if len(found) == 1:
                    holds_one.wait(timeout=30)
            return found

        monkeypatch.setattr(stock, "lock_stock", crosswise)

        assert codes(together(2, lambda number: buyers[number].place())) == {201: 1, (503, "unavailable"): 1}


class TestRestock:
    def test_of_the_last_unit_while_it_is_sold_again(self):
        for _ in range(4):
            lamp = variant(on_hand=1)
            order, who = paid(lamp), buyer(lamp)

            def either(number: int, order: Order = order, who: Any = who) -> Any:
                if number:
                    return who.place().status_code
                return outcome(services.cancel_order, order_id=order.pk, actor=services.Actor())

            cancelled, placed = together(2, either)

            left = StockItem.objects.values_list("on_hand", "reserved").get(pk=lamp.pk)
            assert (cancelled, placed, *left) in (("ok", 201, 1, 1), ("ok", 409, 1, 0))
            check_invariants()

    def test_by_staff_while_units_are_sold_counts_both(self):
        lamp = variant(on_hand=20)
        orders = [place(lamp) for _ in range(10)]

        def either(number: int) -> str:
            if number % 2:
                return outcome(services.mark_paid, order_id=orders[number // 2].pk)
            said = {"variant_id": lamp.pk, "delta": 5, "reason": "counted", "actor_id": None}
            return outcome(products.adjust_stock, **said)

        assert Counter(together(20, either)) == {"ok": 20}
        assert StockItem.objects.values_list("on_hand", "reserved").get() == (60, 0)
        check_invariants()

    def test_negative_control_as_one_would_write_it_naively_a_sale_is_lost(self):
        order = place(variant(on_hand=20))
        has_read, is_sold = threading.Event(), threading.Event()

        def either(number: int) -> None:
            if number:
                has_read.wait(timeout=30)
                outcome(services.mark_paid, order_id=order.pk)
                is_sold.set()
                return
            item = StockItem.objects.get()
            has_read.set()
            is_sold.wait(timeout=30)
            item.on_hand += 5
            item.save(update_fields=["on_hand"])

        together(2, either)

        assert [on_hand for _, on_hand, _ in CHECKS["S1"]()] == [25]
