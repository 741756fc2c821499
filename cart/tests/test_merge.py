"""Signing in brings the guest's cart along: nothing is lost, nothing counts twice, the token dies."""

from __future__ import annotations

import pytest

from cart import handlers, selectors, services
from cart.coupons import MAX_CODES
from cart.models import MAX_QUANTITY, Cart, CartCoupon, CartItem, Coupon
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from products import services as catalogue
from products.tests.factories import NOW, variant
from shop.core.ids import new_token
from shop.core.transactions import use_case
from users.tests.factories import UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db


def merge(user, guest) -> None:
    services.merge_guest_cart(user_id=user.pk, token_hash=guest.owner.token_hash, now=NOW)


def cart_of(user):
    return selectors.read_cart(shopper(user=user).owner, now=NOW)


def changes(cart) -> list[tuple]:
    return [(change["code"], change["old"], change["new"]) for change in cart.changes]


class TestMerge:
    def test_adds_up_what_is_in_both_and_keeps_every_line(self):
        user, guest = UserFactory(), shopper()
        both, theirs, own = variant(), variant(), variant()
        filled(shopper(user=user), own, both, quantity=2)
        filled(guest, both, theirs, quantity=3)

        merge(user, guest)

        cart = cart_of(user)
        assert {item.variant_id: item.quantity for item in cart.items} == {
            own.pk: 2,
            both.pk: 5,
            theirs.pk: 3,
        }
        assert changes(cart) == [("merged", 2, 5), ("merged", 0, 3)]
        assert {change["item"] for change in cart.changes} <= {item.id for item in cart.items}

    def test_opens_a_cart_with_the_guests_place_where_there_is_none(self):
        selling()
        user, guest = UserFactory(), shopper()
        filled(guest, variant())
        coupon("TEN")
        services.add_coupon(owner=guest.owner, code="TEN", now=NOW)
        before = bound_for(guest)

        merge(user, guest)

        cart = cart_of(user)
        assert (cart.place, cart.shipping_method, cart.totals.total) == (
            before.place,
            "standard",
            before.totals.total,
        )
        assert cart.coupons == ["TEN"]

    @pytest.fixture
    def both(self):
        """A customer and a guest with a cart each."""
        user, guest = UserFactory(), shopper()
        for who in (shopper(user=user), guest):
            filled(who, variant(price=1000))
        return user, guest

    def put(self, who, *codes: str) -> None:
        for code in codes:
            services.add_coupon(owner=who.owner, code=code, now=NOW)

    def test_brings_codes_along_beside_the_customers_own(self, both):
        user, guest = both
        coupon("MINE", value=1)
        coupon("OURS", value=2)
        coupon("THEIRS", value=3)
        self.put(shopper(user=user), "MINE", "OURS")
        self.put(guest, "OURS", "THEIRS")

        merge(user, guest)

        assert cart_of(user).coupons == ["MINE", "OURS", "THEIRS"]

    def test_leaves_a_second_code_of_the_same_promotion_behind_and_says_so(self, both):
        user, guest = both
        ten = coupon("TEN")
        Coupon.objects.create(promotion=ten.promotion, code="ALSO")
        self.put(shopper(user=user), "TEN")
        self.put(guest, "ALSO")

        merge(user, guest)

        assert cart_of(user).coupons == ["TEN"]
        (dropped,) = (change for change in cart_of(user).changes if change["code"] == "coupon_dropped")
        assert (dropped["old"], dropped["reasons"][0]["detail"]) == (
            "ALSO",
            "TEN is for the same promotion already.",
        )

    def test_brings_one_along_where_the_customers_own_has_no_use_left(self, both):
        user, guest = both
        ten = coupon("TEN")
        Coupon.objects.create(promotion=ten.promotion, code="FRESH")
        self.put(shopper(user=user), "TEN")
        self.put(guest, "FRESH")
        Coupon.objects.filter(code="TEN").update(max_uses=1, used=1)

        merge(user, guest)

        assert cart_of(user).coupons == ["FRESH"]

    @pytest.mark.parametrize(("whose", "kept"), [("own", ["TEN"]), ("another", [])])
    def test_leaves_the_code_of_another_customer_behind(self, both, whose, kept):
        user, guest = both
        coupon("TEN")
        self.put(guest, "TEN")
        # It was made theirs after the guest had put it there.
        Coupon.objects.update(customer=user if whose == "own" else UserFactory())

        merge(user, guest)

        assert cart_of(user).coupons == kept
        assert CartCoupon.objects.filter(cart__user=user).count() == len(kept)

    def test_takes_no_more_codes_than_a_cart_may_have(self, both):
        user, guest = both
        for number in range(MAX_CODES + 1):
            coupon(f"C{number}", value=1)
        self.put(shopper(user=user), *(f"C{number}" for number in range(MAX_CODES)))
        self.put(guest, f"C{MAX_CODES}")

        merge(user, guest)

        assert CartCoupon.objects.filter(cart__user=user).count() == MAX_CODES
        (dropped,) = (change for change in cart_of(user).changes if change["code"] == "coupon_dropped")
        assert dropped["reasons"][0]["rule"] == "too_many"

    def test_keeps_the_customers_own_place(self):
        user, guest = UserFactory(), shopper()
        filled(shopper(user=user), variant())
        services.set_place(owner=shopper(user=user).owner, now=NOW, country="AT")
        filled(guest, variant())
        services.set_place(owner=guest.owner, now=NOW, country="DE", postal_code="10115")

        merge(user, guest)

        assert (cart_of(user).place.country, cart_of(user).place.postal_code) == ("AT", "")

    def test_cuts_what_a_line_or_a_cart_cannot_take(self, monkeypatch):
        monkeypatch.setattr(services.merge, "MAX_LINES", 1)
        user, guest = UserFactory(), shopper()
        both, theirs = variant(), variant()
        filled(shopper(user=user), both, quantity=600)
        filled(guest, both, theirs, quantity=500)

        merge(user, guest)

        cart = cart_of(user)
        assert [(item.variant_id, item.quantity) for item in cart.items] == [(both.pk, MAX_QUANTITY)]
        assert ("cut", 600, 999) in changes(cart)
        assert ("cut", 500, 0) in changes(cart)

    def test_kills_the_token(self):
        user, guest = UserFactory(), shopper()
        filled(guest, variant())

        merge(user, guest)
        merge(user, guest)

        assert selectors.read_cart(guest.owner, now=NOW) is None
        assert not selectors.is_alive(guest.owner)
        assert CartItem.objects.filter(cart__user=user).get().quantity == 1

    def test_leaves_price_changes_to_be_seen(self):
        user, guest, lamp = UserFactory(), shopper(), variant(price=1000)
        filled(shopper(user=user), lamp)
        filled(guest, variant(price=1))
        catalogue.set_price(variant_id=lamp.pk, amount=1200, currency="EUR", now=NOW)

        merge(user, guest)

        assert ("price_up", "10.00", "12.00") in changes(cart_of(user))

    def test_does_not_compare_prices_of_two_currencies(self):
        user, guest, lamp = UserFactory(), shopper(), variant(price=1000)
        catalogue.set_price(variant_id=lamp.pk, amount=1500, currency="JPY", now=NOW)
        filled(guest, lamp)
        filled(shopper(user=user), variant(price=1))
        Cart.objects.filter(user=user).update(currency="JPY")
        CartItem.objects.filter(cart__user=user).delete()

        merge(user, guest)

        assert changes(cart_of(user)) == [("merged", 0, 1)]

    def test_notices_end_with_the_next_write(self):
        user, guest, lamp = UserFactory(), shopper(), variant()
        filled(guest, lamp)
        merge(user, guest)

        filled(shopper(user=user), lamp)

        assert cart_of(user).changes == ()

    @pytest.mark.parametrize("token", [None, "", "unknown"])
    def test_does_nothing_without_a_guest_cart(self, token):
        user = UserFactory()
        filled(shopper(user=user), variant())

        handlers.on_signed_in(user_id=user.pk, cart_token=token, now=NOW)

        assert Cart.objects.values_list("version", flat=True).get() == 2

    def test_does_not_take_another_customers_cart(self):
        user, other, token = UserFactory(), UserFactory(), new_token()
        filled(shopper(user=other), variant())
        Cart.objects.update(token_hash=shopper(token=token).owner.token_hash)

        handlers.on_signed_in(user_id=user.pk, cart_token=token, now=NOW)

        assert cart_of(user) is None
        assert len(cart_of(other).items) == 1

    @pytest.mark.django_db(transaction=True)
    def test_at_once_from_two_devices_counts_once(self):
        user, guest, lamp = UserFactory(), shopper(), variant()
        filled(guest, lamp, quantity=2)
        coupon("TEN")
        services.add_coupon(owner=guest.owner, code="TEN", now=NOW)

        together(
            4,
            lambda _: use_case(
                services.merge_guest_cart, user_id=user.pk, token_hash=guest.owner.token_hash, now=NOW
            ),
        )

        assert CartItem.objects.filter(cart__user=user, cart__status="open").get().quantity == 2
        assert CartCoupon.objects.filter(cart__user=user).count() == 1
