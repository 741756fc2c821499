"""Carts that are left with something in them are announced, each once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from cart import jobs, services, upkeep
from cart.models import Cart
from cart.selectors import Shopper
from cart.tests.factories import filled, shopper
from cart.upkeep import announce_abandoned_carts
from products.tests.factories import NOW, variant
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

AFTER, WEEK, MOMENT = timedelta(hours=4), timedelta(days=7), timedelta(seconds=1)
DUE = NOW + AFTER


def left_at(who: Shopper, at: datetime = NOW, **values: Any) -> Cart:
    """Return a cart that was touched last at an instant."""
    cart = filled(who, variant(now=at), now=at)
    assert cart.id is not None
    Cart.objects.filter(pk=cart.id).update(**values)
    return Cart.objects.get(pk=cart.id)


def told() -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(type="cart.cart_abandoned.v1").order_by("pk")
    return [row.payload for row in rows]


class TestAnnounce:
    def test_tells_ids_and_facts_and_leaves_the_cart_as_it_was(self):
        ada = UserFactory()
        cart = left_at(shopper(ada), currency="EUR")
        before = Cart.objects.values().get()

        assert announce_abandoned_carts(now=DUE) == 1

        row = OutboxEvent.objects.get()
        assert (row.type, row.topic) == ("cart.cart_abandoned.v1", "shop.cart")
        assert (row.aggregate_type, row.key, row.version) == ("cart", str(cart.pk), cart.version)
        assert row.occurred_at == DUE
        assert row.payload == {
            "cart_id": str(cart.pk),
            "user_id": str(ada.pk),
            "version": cart.version,
            "currency": "EUR",
        }
        assert Cart.objects.values().get() == before | {"abandoned_at": DUE}

    def test_tells_of_a_guests_too(self):
        left_at(shopper())

        announce_abandoned_carts(now=DUE)

        assert [fact["user_id"] for fact in told()] == [None]

    def test_once_a_cart_whatever_becomes_of_it(self):
        who = shopper()
        left_at(who)
        announce_abandoned_carts(now=DUE)

        filled(who, variant(), now=DUE + MOMENT)

        assert announce_abandoned_carts(now=DUE + MOMENT + AFTER) == 0
        assert len(told()) == 1

    @pytest.mark.parametrize(
        ("now", "count"),
        [(DUE - MOMENT, 0), (DUE, 1), (NOW + WEEK - MOMENT, 1), (NOW + WEEK, 0), (NOW + 2 * WEEK, 0)],
    )
    def test_neither_too_soon_nor_too_late(self, now, count):
        left_at(shopper())

        assert announce_abandoned_carts(now=now) == count
        assert len(told()) == count

    @pytest.mark.parametrize("status", ["converted", "merged", "expired"])
    def test_only_open_carts(self, status):
        left_at(shopper(), status=status)

        assert announce_abandoned_carts(now=DUE) == 0
        assert told() == []

    def test_only_carts_with_something_in_them(self):
        who = shopper()
        left_at(who)
        services.clear(owner=who.owner, now=NOW)

        assert announce_abandoned_carts(now=DUE) == 0
        assert Cart.objects.get().abandoned_at is None

    def test_is_switched_off_by_nought(self, settings):
        settings.CART_ABANDONED_AFTER = timedelta(0)
        left_at(shopper())

        assert announce_abandoned_carts(now=DUE) == 0
        assert told() == []

    def test_goes_on_batch_by_batch_oldest_first(self, monkeypatch):
        monkeypatch.setattr(upkeep, "BATCH", 2)
        carts = [left_at(shopper(), NOW - number * MOMENT) for number in range(5)]

        assert announce_abandoned_carts(now=DUE) == 5

        assert [fact["cart_id"] for fact in told()] == [str(cart.pk) for cart in reversed(carts)]

    def test_a_failure_marks_nothing(self, monkeypatch):
        left_at(shopper())

        def fails(events, *, now):
            raise RuntimeError

        monkeypatch.setattr("cart.services.expiring.publish_all", fails)
        with pytest.raises(RuntimeError):
            use_case(services.announce_abandoned, untouched_since=NOW, limit=9, now=DUE)

        assert Cart.objects.get().abandoned_at is None


class TestDoors:
    def test_the_job_does_it(self):
        left_at(shopper())

        assert (jobs.announce_abandoned_carts(DUE), jobs.announce_abandoned_carts(DUE)) == (1, 0)

    def test_the_command_does_it_and_says_so(self, capsys):
        left_at(shopper(), updated_at=timezone.now() - AFTER - MOMENT)

        call_command("announce_abandoned_carts")

        assert capsys.readouterr().out == "1 carts were announced.\n"
        assert len(told()) == 1
