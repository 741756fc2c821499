"""Placing an order: everything it refuses, and that nothing is changed then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import override_settings

from cart import services as carts
from cart.errors import (
    CartConverted,
    CartEmpty,
    CouponUsedUp,
    PriceChanged,
    PromotionUsedUp,
    ShippingNotAvailable,
)
from cart.models import Coupon, Promotion, Redemption
from cart.tests.factories import bound_for, coupon, filled, promotion, selling, shopper
from orders.services import placing
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

    @pytest.fixture
    def late(self, monkeypatch):
        """Let somebody else have the last use of whatever is limited, once the cart was priced."""
        redeem, place = carts.redeem, placing._place

        def counted(model):
            model.objects.filter(max_uses=1).update(used=1)

        def too_late(*args, **values):
            counted(Coupon)
            counted(Promotion)
            redeem(*args, **values)

        def placed(*args, **values):
            try:
                return place(*args, **values)
            except PromotionUsedUp:
                # Theirs is committed, whatever is rolled back here.
                counted(Promotion)
                raise

        monkeypatch.setattr(carts, "redeem", too_late)
        monkeypatch.setattr(placing, "_place", placed)

    def test_a_code_whose_last_use_went_to_somebody_else_meanwhile(self, guest, late):
        ten = coupon()
        Coupon.objects.filter(pk=ten.pk).update(max_uses=1)
        seen = carts.add_coupon(owner=guest.owner, code="TEN", now=NOW).totals.total

        error = refuse(CouponUsedUp, guest, seen)

        assert error.facts == {"coupon": "TEN"}

    def test_a_promotion_whose_last_use_went_to_somebody_else_meanwhile_is_a_higher_price(self, guest, late):
        promotion(max_uses=1)
        seen = bound_for(guest).totals.total
        assert seen == 1990 - 199 + 490

        error = refuse(PriceChanged, guest, seen)

        assert (error.facts["expected"], error.facts["actual"]) == ("22.81", "24.80")
        assert error.facts["cart"]["discounts"] == []

    def test_nothing_when_the_shopper_would_have_paid_more_anyway(self, guest, late):
        promotion(max_uses=1)

        order = place_cart(guest, TOTAL)

        assert (order.total, order.discounts) == (TOTAL, [])
        assert not Redemption.objects.exists()

    def test_a_coupon_used_up_before_is_a_higher_price(self, guest):
        coupon(max_uses=1)
        seen = carts.add_coupon(owner=guest.owner, code="TEN", now=NOW).totals.total
        Promotion.objects.update(used=1)

        error = refuse(PriceChanged, guest, seen)

        assert [(c["code"], c["old"]) for c in error.facts["changes"]] == [("coupon_dropped", "TEN")]
        assert [reason["rule"] for reason in error.facts["changes"][0]["reasons"]] == ["used_up"]

    def test_a_guest_who_had_their_share_is_told_the_price_without_it(self, guest, lamp):
        promotion(max_uses_each=1)
        seen = bound_for(guest).totals.total
        place_cart(guest, seen)
        filled(guest, lamp)
        assert bound_for(guest).totals.total == seen

        error = refuse(PriceChanged, guest, seen, email="ADA@example.com ")

        assert error.facts["actual"] == "24.80"
        assert place_cart(guest, TOTAL).total == TOTAL

    def test_a_crash_after_the_stock_was_held_takes_everything_back(self, guest):
        coupon()
        carts.add_coupon(owner=guest.owner, code="TEN", now=NOW)

        with override_settings(FAILPOINTS={"checkout.in_tx_after_reserve": "raise"}):
            refuse(FailpointReached, guest)

        assert place_cart(guest, TOTAL).total == 1990 - 199 + 490
