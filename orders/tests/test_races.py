"""What happens when many want the same at once, over HTTP, each with a connection of its own."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from cart.models import Cart, Promotion
from cart.tests.factories import coupon, selling
from orders import services
from orders.models import Order
from orders.tests.factories import place
from orders.tests.invariants import check_invariants, oversold
from orders.tests.shopping import buyer
from products.errors import OutOfStock
from products.models import StockItem
from products.tests.factories import variant
from shop.core.errors import DomainError
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from users.tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 20
CHECK = next(c for c in StockItem._meta.constraints if c.name == "products_stockitem_never_oversold")


def codes(responses) -> Counter:
    """Count what was answered: 201, or the status with its problem code."""
    return Counter(
        response.status_code
        if response.status_code == 201
        else (response.status_code, response.json()["code"])
        for response in responses
    )


def outcome(service, **values) -> str:
    try:
        use_case(service, **values, now=timezone.now())
    except DomainError as error:
        return error.code
    return "ok"


def race_for_the_last_unit() -> Counter:
    lamp = variant(on_hand=1)
    buyers = [buyer(lamp) for _ in range(TIMES)]
    return codes(together(TIMES, lambda number: buyers[number].place()))


class TestLastUnit:
    def test_goes_to_one_of_twenty_and_the_others_are_told(self):
        assert race_for_the_last_unit() == {201: 1, (409, "out_of_stock"): TIMES - 1}

        assert Order.objects.count() == 1
        assert StockItem.objects.values_list("on_hand", "reserved").get() == (1, 1)
        assert OutboxEvent.objects.filter(topic="shop.orders").count() == 1
        check_invariants()

    def test_of_several_goes_to_as_many_as_there_are(self):
        lamp = variant(on_hand=7)
        buyers = [buyer(lamp, quantity=1 + number % 2) for number in range(TIMES)]

        answers = codes(together(TIMES, lambda number: buyers[number].place()))

        assert set(answers) == {201, (409, "out_of_stock")}
        assert StockItem.objects.values_list("reserved", flat=True).get() in (6, 7)
        check_invariants()

    def test_negative_control_without_the_guards_it_is_sold_many_times(self, unguarded):
        """The race is real: where everybody looks before anybody takes, the same buyers oversell."""
        with without_check():
            assert race_for_the_last_unit() == {201: TIMES}
            assert [sold for _, sold, _ in oversold()] == [TIMES]

    def test_of_code_without_guards_is_still_the_databases_to_keep(self, unguarded):
        assert race_for_the_last_unit() == {201: 1, (500, "internal_error"): TIMES - 1}
        assert oversold() == []

    @pytest.fixture
    def unguarded(self, monkeypatch):
        """Reserve as one would naively: look, then take, without lock or condition."""
        looked, seen = threading.Barrier(TIMES), threading.local()

        def look(name):
            seen.free = {item.pk: item.on_hand - item.reserved for item in StockItem.objects.all()}
            looked.wait(timeout=60)

        def take(*, order_ref, quantities, expires_at, now):
            if any(seen.free[pk] < units for pk, units in quantities.items()):
                raise OutOfStock(lines=[])
            StockItem.objects.filter(pk__in=quantities).update(reserved=F("reserved") + 1)

        monkeypatch.setattr("orders.views.orders.failpoint", look)
        monkeypatch.setattr("orders.services.placing.products.reserve", take)


@contextmanager
def without_check() -> Iterator[None]:
    """Take the check on stock out of the database, and put it back."""
    known = StockItem._meta.constraints
    # SQLite makes the table anew, as the model says.
    StockItem._meta.constraints = [constraint for constraint in known if constraint is not CHECK]
    with connection.schema_editor() as editor:
        editor.remove_constraint(StockItem, CHECK)
    try:
        yield
    finally:
        StockItem._meta.constraints = known
        StockItem.objects.update(reserved=0)
        with connection.schema_editor() as editor:
            editor.add_constraint(StockItem, CHECK)


class TestSameKey:
    def test_makes_one_order_and_equal_answers(self):
        who, key = buyer(variant()), str(uuid4())

        answers = together(TIMES, lambda _: who.place(key))

        assert set(codes(answers)) <= {201, (409, "idempotency_in_progress")}
        placed = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.content for answer in placed}) == 1
        assert sum("Idempotent-Replayed" not in answer.headers for answer in placed) == 1
        assert Order.objects.count() == 1
        check_invariants()


class TestSameCart:
    def test_becomes_one_order_whatever_the_keys(self):
        who = buyer(variant())

        answers = together(TIMES, lambda _: who.place())

        assert codes(answers) == {201: 1, (409, "cart_converted"): TIMES - 1}
        order = Order.objects.get()
        assert {a.json()["order"] for a in answers if a.status_code == 409} == {str(order.pk)}
        check_invariants()


class TestCrossedCarts:
    def test_do_not_wait_for_each_other_in_a_circle(self):
        lamp, shade = variant(on_hand=100), variant(on_hand=100)
        buyers = [buyer(*((lamp, shade) if number % 2 else (shade, lamp))) for number in range(TIMES)]

        answers = together(TIMES, lambda number: buyers[number].place())

        assert codes(answers) == {201: TIMES}
        assert set(StockItem.objects.values_list("reserved", flat=True)) == {TIMES}
        check_invariants()


class TestCoupon:
    def test_with_one_use_left_is_used_once(self):
        coupon(max_uses=1)
        lamp = variant(on_hand=100)
        buyers = [buyer(lamp) for _ in range(TIMES)]
        for who in buyers:
            put = who.client.post("/api/v1/cart/coupons/", {"code": "TEN"}, headers=who.cart)
            who.body["expected_total"] = put.json()["total"]

        answers = codes(together(TIMES, lambda number: buyers[number].place()))

        # Who prices after the winner's commit is told the price without it, who prices before that it is used up.
        assert answers[201] == 1
        assert set(answers) <= {201, (409, "price_changed"), (422, "coupon_used_up")}
        assert Promotion.objects.get().used == 1
        check_invariants()


class TestAddToCart:
    def test_while_it_is_placed_is_in_the_order_or_in_the_next_cart(self):
        lamp, shade = variant(on_hand=100), variant(on_hand=100)
        for _ in range(5):
            who = buyer(lamp)

            def either(number, who=who):
                if number:
                    return who.place(expected_total="99.00")
                return who.client.post(
                    "/api/v1/cart/items/", {"variant": shade.pk, "quantity": 1}, headers=who.cart
                )

            added, placed = together(2, either)

            assert (added.status_code, placed.status_code) == (201, 201)
            ordered = {item["variant"] for item in placed.json()["items"]}
            left = who.client.get("/api/v1/cart/", headers=who.cart).json()["items"]
            assert sorted([*ordered, *(item["variant"] for item in left)]) == sorted([lamp.pk, shade.pk])
        check_invariants()

    @pytest.mark.needs_postgres
    def test_that_the_placing_waits_for_is_part_of_what_it_prices(self):
        """The row comes back new after the wait, the lines in the same statement as they were before it."""
        lamp, shade = variant(), variant()
        who = buyer(lamp)

        def either(number):
            if number:
                until_somebody_holds(Cart)
                return who.place()
            with transaction.atomic():
                Cart.objects.select_for_update().get()
                until_somebody_waits()
                return who.client.post(
                    "/api/v1/cart/items/", {"variant": shade.pk, "quantity": 1}, headers=who.cart
                )

        # The door refuses to nest, and the point is to commit only once the other waits.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cart.views.use_case", lambda call, **values: call(**values))
            added, placed = together(2, either)

        assert added.status_code == 201
        assert (placed.status_code, placed.json()["code"]) == (409, "price_changed")
        assert len(placed.json()["cart"]["items"]) == 2


def until(condition) -> None:
    """Wait until something is so, which another thread brings about."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def until_somebody_waits() -> None:
    def waiting():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return cursor.fetchone()[0]

    until(waiting)


def until_somebody_holds(model) -> None:
    def held():
        with transaction.atomic():
            return not list(model.objects.select_for_update(skip_locked=True))

    until(held)


class TestEndings:
    @pytest.mark.parametrize("ending", ["cancel_order", "expire"])
    def test_against_a_payment_leave_a_legal_history_and_all_stock_counted(self, ending):
        selling()
        lamp = variant(on_hand=10)
        more = {"actor": services.Actor()} if ending == "cancel_order" else {}
        for _ in range(10):
            order = place(lamp)

            def either(number, order=order):
                if number:
                    return outcome(services.mark_paid, order_id=order.pk)
                return outcome(getattr(services, ending), order_id=order.pk, **more)

            ended, was_paid = together(2, either)

            order.refresh_from_db()
            assert (ended, was_paid, order.status, order.payment_status) in LEGAL[ending]
            check_invariants()

    def test_of_one_order_many_times_happen_once(self):
        lamp = variant(on_hand=5)
        order = place(lamp, quantity=2)
        assert outcome(services.mark_paid, order_id=order.pk) == "ok"

        outcomes = together(
            8, lambda _: outcome(services.cancel_order, order_id=order.pk, actor=services.Actor())
        )

        assert Counter(outcomes) == {"ok": 1, "transition_not_allowed": 7}
        assert StockItem.objects.values_list("on_hand", "reserved").get() == (5, 0)
        check_invariants()


# (how the ending ended, how the payment did, the order's status, its payment's)
LEGAL = {
    "cancel_order": [
        ("ok", "transition_not_allowed", "cancelled", "unpaid"),
        ("ok", "ok", "cancelled", "paid"),
    ],
    "expire": [
        ("ok", "ok", "confirmed", "paid"),
        ("transition_not_allowed", "ok", "confirmed", "paid"),
    ],
}
