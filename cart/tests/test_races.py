"""Carts under many hands at once: a write that was seen last wins, and upkeep never takes what somebody holds."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from cart import services
from cart.models import Cart, CartItem
from cart.services import expiring
from cart.tests.factories import filled, shopper
from cart.tests.guests import Guest
from cart.upkeep import announce_abandoned_carts, expire_carts
from products.tests.factories import NOW, variant
from shop.core.errors import DomainError
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from users.tests.clients import client_of
from users.tests.factories import UserFactory
from users.tests.races import together

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]

TIMES = 8
LONG_AFTER = NOW + timedelta(days=31)
DUE = NOW + timedelta(hours=4)


class TestIfMatch:
    def patch_at_once(self, *headers: str) -> Counter[int]:
        guest = Guest()
        guest.add(variant())
        tag = guest("get").headers["ETag"]
        said = dict.fromkeys(headers, tag)
        tabs = [Guest(guest.token) for _ in range(TIMES)]

        answers = together(
            TIMES, lambda number: tabs[number]("patch", "", {"postal_code": f"1011{number}"}, **said)
        )
        return Counter(answer.status_code for answer in answers)

    def test_lets_one_of_many_tabs_write(self):
        assert self.patch_at_once("If-Match") == {200: 1, 412: TIMES - 1}

        assert Cart.objects.get().version == 3

    def test_negative_control_without_it_the_last_one_wins(self):
        assert self.patch_at_once() == {200: TIMES}

        assert Cart.objects.get().version == 2 + TIMES

    def test_lets_one_of_many_open_the_cart(self):
        user, lamp = UserFactory(), variant()
        tabs = [client_of(user) for _ in range(TIMES)]
        tag = tabs[0].get("/api/v1/cart/").headers["ETag"]
        body = {"variant": lamp.pk, "quantity": 1}

        answers = together(
            TIMES, lambda number: tabs[number].post("/api/v1/cart/items/", body, headers={"If-Match": tag})
        )

        assert Counter(answer.status_code for answer in answers) == {201: 1, 412: TIMES - 1}
        assert CartItem.objects.get().quantity == 1


@contextmanager
def held_by_another(write: Any):
    """Keep a write of another connection uncommitted while the block runs; it is there afterwards."""
    begun, go_on = threading.Event(), threading.Event()

    def run(_: int) -> None:
        with transaction.atomic():
            write()
            begun.set()
            assert go_on.wait(20)

    thread = threading.Thread(target=lambda: together(1, run))
    thread.start()
    assert begun.wait(20)
    try:
        yield
    finally:
        go_on.set()
        thread.join()


def in_another_connection(write: Any) -> None:
    together(1, lambda _: write())


@pytest.fixture
def unlocked(monkeypatch):
    """Take the lock from upkeep, and return what somebody does between looking and writing."""
    between: list[Any] = []

    def look(carts, limit):
        found = list(carts.values_list("pk", flat=True)[:limit])
        while between:
            in_another_connection(between.pop())
        return found

    monkeypatch.setattr(expiring, "_free", look)
    return between


@pytest.fixture
def unguarded(monkeypatch, unlocked):
    """Take the second look from it too: what was found is written, whatever happened meanwhile."""
    monkeypatch.setattr(expiring, "_still", lambda carts, ids: Cart.objects.filter(pk__in=ids))
    return unlocked


class TestAbandoned:
    def test_leaves_a_cart_that_somebody_is_writing_to(self):
        who, lamp = shopper(), variant()
        filled(who, lamp)

        with held_by_another(lambda: filled(who, lamp, now=DUE)):
            assert announce_abandoned_carts(now=DUE) == 0

        assert announce_abandoned_carts(now=DUE) == 0
        assert not OutboxEvent.objects.filter(topic="shop.cart").exists()
        assert Cart.objects.get().abandoned_at is None

    def test_leaves_what_was_touched_meanwhile_also_without_locks(self, unlocked):
        who, lamp = shopper(), variant()
        filled(who, lamp)
        unlocked.append(lambda: use_case(filled, who, lamp, now=DUE))

        assert announce_abandoned_carts(now=DUE) == 0

        assert Cart.objects.get().abandoned_at is None

    def test_negative_control_without_lock_and_guard_it_is_announced(self, unguarded):
        """The race is real: what was touched between looking and marking would get its reminder."""
        who, lamp = shopper(), variant()
        filled(who, lamp)
        unguarded.append(lambda: use_case(filled, who, lamp, now=DUE))

        assert announce_abandoned_carts(now=DUE) == 1

        assert Cart.objects.get().updated_at == DUE

    def test_is_announced_once_by_many(self):
        for _ in range(20):
            filled(shopper(), variant())

        counts = together(TIMES, lambda _: announce_abandoned_carts(now=DUE))

        # Whoever finds all of it locked leaves it to the one that has it.
        assert sum(counts) == 20
        events = OutboxEvent.objects.filter(topic="shop.cart").values_list("key", flat=True)
        assert sorted(events) == sorted(str(pk) for pk in Cart.objects.values_list("pk", flat=True))


class TestExpire:
    def test_leaves_a_cart_that_somebody_is_writing_to(self):
        who, lamp = shopper(), variant()
        filled(who, lamp)

        with held_by_another(lambda: filled(who, lamp, now=LONG_AFTER)):
            assert expire_carts(now=LONG_AFTER).guests == 0

        assert expire_carts(now=LONG_AFTER).guests == 0
        assert Cart.objects.values_list("status", "updated_at").get() == ("open", LONG_AFTER)

    def test_leaves_what_was_touched_meanwhile_also_without_locks(self, unlocked):
        who, lamp = shopper(), variant()
        filled(who, lamp)
        unlocked.append(lambda: use_case(filled, who, lamp, now=LONG_AFTER))

        assert expire_carts(now=LONG_AFTER).guests == 0

        assert Cart.objects.get().status == "open"

    def test_negative_control_without_lock_and_guard_the_write_is_lost(self, unguarded):
        """The race is real: what was put in between looking and ending would be gone."""
        who, lamp = shopper(), variant()
        filled(who, lamp)
        unguarded.append(lambda: use_case(filled, who, lamp, now=LONG_AFTER))

        assert expire_carts(now=LONG_AFTER).guests == 1

        assert Cart.objects.get().status == "expired"
        assert CartItem.objects.get().quantity == 2

    def test_beside_an_add_ends_the_cart_or_comes_too_late(self):
        """Whichever is first: nothing that was answered with 201 is in a cart that has ended."""
        for _ in range(5):
            who, lamp = shopper(), variant()
            filled(who, lamp)

            def either(number: int, who: Any = who, lamp: Any = lamp) -> Any:
                if number:
                    return expire_carts(now=LONG_AFTER).guests
                return use_case(filled, who, lamp, now=LONG_AFTER)

            cart, expired = together(2, either)

            of_token = Cart.objects.filter(token_hash=who.owner.token_hash)
            assert of_token.get(status="open").pk == cart.id
            assert [item.quantity for item in cart.items] == [1 if expired else 2]
            assert of_token.filter(status="expired").count() == expired

    def test_deletes_each_cart_once_by_many(self):
        for _ in range(20):
            filled(shopper(), variant())
        Cart.objects.update(status="merged")

        counts = together(TIMES, lambda _: expire_carts(now=LONG_AFTER).deleted)

        assert sum(counts) == 20
        assert not Cart.objects.exists()


def test_an_order_that_is_being_placed_keeps_its_cart():
    who, lamp = shopper(), variant()
    cart = filled(who, lamp)
    assert cart.id is not None

    with held_by_another(lambda: services.convert(cart_id=cart.id, now=LONG_AFTER)):
        assert expire_carts(now=LONG_AFTER).guests == 0

    assert Cart.objects.get().status == "converted"
    with pytest.raises(DomainError):
        use_case(services.clear, owner=who.owner, now=LONG_AFTER)
