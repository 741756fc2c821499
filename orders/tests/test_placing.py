"""Placing an order: everything it refuses, and that nothing is changed then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import override_settings

from cart import services as carts
from cart.errors import CartConverted, CartEmpty, CouponUsedUp, PriceChanged, ShippingNotAvailable
from cart.models import Coupon
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from orders.tests.factories import ADDRESS, place, place_cart
from orders.tests.footprint import footprint
from products import services as products
from products.errors import OutOfStock
from products.models import Variant
from products.tests.factories import NOW, variant
from shop.core.errors import NotFound, ValidationFailed
from shop.core.failpoints import FailpointReached

pytestmark = pytest.mark.django_db

TOTAL = 1990 + 490


def refuse(error, who, total=TOTAL, *, now=NOW, **values):
    """Place, expect the refusal and prove that nothing was changed; return it."""
    before = footprint()
    with pytest.raises(error) as refused:
        place_cart(who, total, now=now, **values)
    assert footprint() == before
    return refused.value


@pytest.fixture
def lamp() -> Variant:
    selling()
    return variant(on_hand=3)


@pytest.fixture
def guest(lamp):
    """A guest with one lamp in the cart, bound for Germany: 19.90 and 4.90 for shipping."""
    who = shopper()
    filled(who, lamp)
    bound_for(who)
    return who


class TestRefusals:
    def test_no_cart(self):
        refuse(NotFound, shopper())

    def test_a_cart_that_became_an_order_within_a_day(self, guest):
        order = place_cart(guest, TOTAL)

        error = refuse(CartConverted, guest, now=NOW + timedelta(hours=23))

        assert error.facts == {"order": str(order.pk)}

    def test_a_cart_that_became_one_longer_ago_is_no_news(self, guest):
        place_cart(guest, TOTAL)

        refuse(NotFound, guest, now=NOW + timedelta(days=1, seconds=1))

    def test_an_empty_cart(self, guest):
        carts.clear(owner=guest.owner, now=NOW)

        refuse(CartEmpty, guest)

    def test_something_archived(self, guest, lamp):
        products.archive_product(product_id=lamp.product_id, actor_id=None, now=NOW)

        error = refuse(OutOfStock, guest)

        assert error.facts["lines"] == [
            {
                "variant": lamp.pk, "sku": lamp.sku, "requested": 1, "available": 0, "held": 0, "held_until": None,
            }
        ]  # fmt: skip

    def test_something_short_says_what_is_held_until_when(self, guest, lamp):
        place(lamp, quantity=2)
        bulk = shopper()
        filled(bulk, lamp, quantity=2)
        total = bound_for(bulk).totals.total

        error = refuse(OutOfStock, bulk, total)

        assert error.facts["lines"] == [
            {
                "variant": lamp.pk,
                "sku": lamp.sku,
                "requested": 2,
                "available": 1,
                "held": 2,
                "held_until": (NOW + timedelta(minutes=30)).isoformat(),
            }
        ]

    def test_one_line_short_of_two(self, guest, lamp):
        shade = variant(on_hand=0)
        filled(guest, shade)

        error = refuse(OutOfStock, guest, 2 * 1990 + 490)

        assert [line["variant"] for line in error.facts["lines"]] == [shade.pk]

    @pytest.mark.parametrize("missing", ["shipping_address", "shipping_method"])
    def test_nowhere_to_send_it(self, guest, missing):
        value = None if missing == "shipping_address" else ""

        error = refuse(ValidationFailed, guest, **{missing: value})

        assert [(e.field, e.code) for e in error.errors] == [(missing, "required")]

    def test_a_method_that_does_not_go_there(self, guest):
        refuse(ShippingNotAvailable, guest, shipping_method="pigeon")
        refuse(ShippingNotAvailable, guest, shipping_address=replace(ADDRESS, country="AT"))

    @pytest.mark.parametrize("said", ["", "abc", "-1.00", "1e3", "24.805", "٢٤", "1" * 20, " "])
    def test_a_total_that_cannot_be_read(self, guest, said):
        error = refuse(ValidationFailed, guest, expected_total=said)

        assert [(e.field, e.code) for e in error.errors] == [("expected_total", "invalid")]

    def test_a_higher_price(self, guest, lamp):
        products.set_price(variant_id=lamp.pk, currency="EUR", amount=2000, now=NOW)

        error = refuse(PriceChanged, guest)

        facts = error.facts
        assert (facts["expected"], facts["actual"], facts["currency"]) == ("24.80", "24.90", "EUR")
        assert [(c["code"], c["old"], c["new"]) for c in facts["changes"]] == [("price_up", "19.90", "20.00")]
        assert facts["cart"]["total"] == "24.90"

    def test_a_place_that_costs_more_than_the_estimate(self, guest):
        selling("AT", rate=200_000, shipping=990)

        error = refuse(PriceChanged, guest, shipping_address=replace(ADDRESS, country="AT"))

        assert error.facts["actual"] == "29.80"

    def test_a_coupon_whose_last_use_went_to_somebody_else_meanwhile(self, guest, monkeypatch):
        ten = coupon(max_uses=1)
        carts.add_coupon(owner=guest.owner, code="TEN", now=NOW)
        redeem = carts.redeem_coupons

        def late(**values):
            Coupon.objects.filter(pk=ten.pk).update(used=1)
            redeem(**values)

        monkeypatch.setattr(carts, "redeem_coupons", late)

        before = footprint()
        with pytest.raises(CouponUsedUp):
            place_cart(guest, TOTAL)
        assert footprint() == before

    def test_a_coupon_used_up_before_is_a_higher_price(self, guest):
        ten = coupon(max_uses=1)
        seen = carts.add_coupon(owner=guest.owner, code="TEN", now=NOW).totals.total
        Coupon.objects.filter(pk=ten.pk).update(used=1)

        error = refuse(PriceChanged, guest, seen)

        assert [(c["code"], c["old"]) for c in error.facts["changes"]] == [("coupon_dropped", "TEN")]

    def test_a_crash_after_the_stock_was_held_takes_everything_back(self, guest):
        coupon()
        carts.add_coupon(owner=guest.owner, code="TEN", now=NOW)

        with override_settings(FAILPOINTS={"checkout.in_tx_after_reserve": "raise"}):
            refuse(FailpointReached, guest)

        assert place_cart(guest, TOTAL).total == 1990 - 199 + 490
