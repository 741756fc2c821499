"""Carts that nobody comes back to: they end, are forgotten, and go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from cart import jobs, selectors, services, upkeep
from cart.models import Cart, CartCoupon, CartItem
from cart.selectors import Shopper
from cart.tests.factories import coupon, filled, shopper
from cart.tests.guests import Guest
from cart.upkeep import Expired, expire_carts
from products.tests.factories import NOW, variant
from shop.core.errors import NotFound
from shop.events.models import OutboxEvent
from tests.statements import statements
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

GUESTS, CUSTOMERS, KEPT = timedelta(days=30), timedelta(days=365), timedelta(days=30)
MOMENT = timedelta(seconds=1)
PLACE: dict[str, Any] = {
    "country": "DE", "region": "Bayern", "postal_code": "80331", "vat_id": "FR40303265045",
}  # fmt: skip
BLANK = {"country": "", "region": "", "postal_code": "", "vat_id": "", "notices": []}
NOTHING = Expired(guests=0, customers=0, deleted=0)


def left_at(who: Shopper, at: datetime = NOW, **values: Any) -> Cart:
    """Return a cart that was touched last at an instant."""
    cart = filled(who, variant(now=at), now=at)
    assert cart.id is not None
    Cart.objects.filter(pk=cart.id).update(**values)
    return Cart.objects.get(pk=cart.id)


def untouched(cart: Cart) -> bool:
    """Tell whether a cart is as it was, each column and line."""
    now = Cart.objects.filter(pk=cart.pk).values().first()
    return now == {name: getattr(cart, name) for name in now or {}} and cart.items.count() == 1


class TestExpire:
    def test_ends_a_guests_cart_and_forgets_where_it_would_have_gone(self):
        guest = shopper()
        cart = left_at(guest, **PLACE, notices=[{"code": "merged"}])

        done = expire_carts(now=NOW + GUESTS + MOMENT)

        assert done == Expired(guests=1, customers=0, deleted=0)
        ended: dict[str, Any] = dict(Cart.objects.values().get())
        assert {name: ended[name] for name in BLANK} == BLANK
        assert (ended["status"], ended["version"]) == ("expired", cart.version + 1)
        assert ended["updated_at"] == NOW + GUESTS + MOMENT
        assert CartItem.objects.count() == 1
        assert not OutboxEvent.objects.exists()

    def test_leaves_its_token_dead(self, guest: Guest):
        guest.add(variant())
        token = guest.token
        Cart.objects.update(updated_at=NOW)

        expire_carts(now=NOW + GUESTS + MOMENT)

        assert guest("get").json()["id"] is None
        assert guest("patch", "", {"country": "DE"}).status_code == 404
        assert guest.add(variant()).status_code == 201
        assert guest.token != token
        assert Cart.objects.filter(status="open").count() == 1

    def test_a_customers_cart_lasts_longer(self):
        ada = UserFactory()
        left_at(shopper(ada), **PLACE)

        assert expire_carts(now=NOW + CUSTOMERS) == NOTHING
        assert expire_carts(now=NOW + CUSTOMERS + MOMENT) == Expired(guests=0, customers=1, deleted=0)

        assert Cart.objects.filter(status="expired", **BLANK).exists()
        assert selectors.read_cart(shopper(ada).owner, now=NOW) is None
        with pytest.raises(NotFound):
            services.clear(owner=shopper(ada).owner, now=NOW)

    @pytest.mark.parametrize("status", ["converted", "merged"])
    def test_leaves_what_has_ended_otherwise(self, status):
        cart = left_at(shopper(), status=status, converted_at=NOW, **PLACE)

        assert expire_carts(now=NOW + GUESTS) == NOTHING

        assert untouched(cart)

    def test_leaves_what_is_just_not_old_enough(self):
        cart = left_at(shopper())

        assert expire_carts(now=NOW + GUESTS) == NOTHING

        assert untouched(cart)

    def test_is_told_how_long_by_the_settings(self, settings):
        settings.CART_GUEST_DAYS, settings.CART_CUSTOMER_DAYS = timedelta(days=1), timedelta(days=2)
        left_at(shopper())
        left_at(shopper(UserFactory()))

        assert expire_carts(now=NOW + timedelta(days=1, hours=1)).guests == 1
        assert expire_carts(now=NOW + timedelta(days=2, hours=1)).customers == 1


class TestDelete:
    @pytest.mark.parametrize("status", ["merged", "expired"])
    def test_takes_ended_carts_with_all_that_is_in_them(self, status):
        left = left_at(shopper(), status=status)
        CartCoupon.objects.create(cart=left, coupon=coupon())
        kept = left_at(shopper(), NOW + MOMENT, status=status)

        done = expire_carts(now=NOW + KEPT + MOMENT)

        assert done == Expired(guests=0, customers=0, deleted=1)
        assert Cart.objects.get() == kept
        assert list(CartItem.objects.values_list("cart", flat=True)) == [kept.pk]
        assert not CartCoupon.objects.exists()

    def test_leaves_those_that_became_orders(self):
        cart = left_at(shopper(), status="converted", converted_at=NOW, **PLACE)

        assert expire_carts(now=NOW + timedelta(days=3650)) == NOTHING

        assert untouched(cart)

    def test_an_expired_cart_is_kept_from_when_it_expired(self):
        left_at(shopper())
        expired_at = NOW + GUESTS + MOMENT
        expire_carts(now=expired_at)

        assert expire_carts(now=expired_at + KEPT) == NOTHING
        assert expire_carts(now=expired_at + KEPT + MOMENT).deleted == 1
        assert not Cart.objects.exists()


class TestBatches:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        monkeypatch.setattr(upkeep, "BATCH", 2)

    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_go_on_until_nothing_is_left(self, count):
        for _ in range(count):
            left_at(shopper())

        assert expire_carts(now=NOW + GUESTS + MOMENT) == Expired(guests=count, customers=0, deleted=0)
        assert expire_carts(now=NOW + GUESTS + MOMENT) == NOTHING
        assert expire_carts(now=NOW + GUESTS + KEPT + 2 * MOMENT) == Expired(
            guests=0, customers=0, deleted=count
        )

    def test_take_the_oldest_first(self):
        younger, older = left_at(shopper(), NOW + MOMENT), left_at(shopper())

        services.expire_carts(of_guests=True, untouched_since=NOW + 2 * MOMENT, limit=1, now=NOW + 2 * MOMENT)

        assert Cart.objects.get(status="expired") == older
        assert untouched(younger)

    def test_cost_the_same_however_many_lines_there_are(self, monkeypatch):
        monkeypatch.setattr(upkeep, "BATCH", 50)
        counts = []
        for lines in (1, 10):
            filled(shopper(), *(variant() for _ in range(lines)), now=NOW)
            with statements() as seen:
                expire_carts(now=NOW + GUESTS + MOMENT)
            with statements() as deleting:
                expire_carts(now=NOW + GUESTS + KEPT + 2 * MOMENT)
            counts.append((len(seen), len(deleting)))

        assert counts[0] == counts[1]
        assert counts[0][0] <= 4


class TestDoors:
    def test_the_job_does_it(self):
        left_at(shopper())

        jobs.expire_carts(NOW + GUESTS + MOMENT)

        assert Cart.objects.get().status == "expired"

    def test_the_command_does_it_and_says_so(self, capsys):
        left_at(shopper())
        left_at(shopper(UserFactory()))
        left_at(shopper(), status="merged")

        call_command("expire_carts")

        assert capsys.readouterr().out == "1 carts of guests and 0 of customers expired; 1 were deleted.\n"
        call_command("expire_carts")
        assert capsys.readouterr().out == "0 carts of guests and 0 of customers expired; 0 were deleted.\n"
