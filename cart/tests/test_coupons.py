"""Codes: put on a cart, counted when it becomes an order, given back when that ends unpaid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from cart import coupons, selectors, services
from cart.errors import CouponExpired, CouponInvalid, CouponNotApplicable, CouponUsedUp
from cart.models import Cart, CartCoupon, Coupon, CouponRedemption
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from products.tests.factories import NOW, variant
from shop.api.problems import PreconditionFailed
from shop.core.errors import NotFound
from shop.core.transactions import use_case
from users.tests.races import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def who():
    made = shopper()
    filled(made, variant(price=2000))
    return made


def put(who, code: str, **values):
    return services.add_coupon(owner=who.owner, code=code, now=NOW, **values)


class TestAddCoupon:
    @pytest.mark.parametrize(
        ("values", "total"),
        [
            ({"value": 100_000}, 1800),
            ({"value": 1_000_000}, 0),
            ({"kind": "fixed", "value": 500}, 1500),
            ({"kind": "fixed", "value": 9999}, 0),
            ({"min_subtotal": 2000}, 1800),
            ({"starts_at": NOW, "ends_at": NOW + timedelta(seconds=1)}, 1800),
            ({"max_uses": 1}, 1800),
            ({"currency": "JPY"}, 1800),
        ],
    )
    def test_lowers_the_total(self, who, values, total):
        coupon("TEN", **values)

        cart = put(who, "ten")

        assert (cart.totals.total, [c["code"] for c in cart.coupons]) == (total, ["TEN"])
        read: Any = selectors.read_cart(who.owner, now=NOW)
        assert read.totals == cart.totals

    def test_waives_shipping(self, who):
        selling()
        coupon("SHIP", kind="free_shipping", value=0)
        put(who, "SHIP")

        totals = bound_for(who).totals

        assert (totals.shipping, totals.discount, totals.total) == (490, 490, 2000)

    def test_twice_is_once(self, who):
        coupon("TEN")

        put(who, "TEN")
        cart = put(who, "ten")

        assert (len(cart.coupons), CartCoupon.objects.count()) == (1, 1)

    @pytest.mark.parametrize(
        ("values", "error"),
        [
            ({"is_active": False}, CouponInvalid),
            ({"starts_at": NOW + timedelta(seconds=1)}, CouponExpired),
            ({"ends_at": NOW}, CouponExpired),
            ({"max_uses": 0}, CouponUsedUp),
            ({"max_uses": 2, "used": 2}, CouponUsedUp),
            ({"min_subtotal": 2001}, CouponNotApplicable),
            ({"kind": "fixed", "value": 1, "currency": "JPY"}, CouponNotApplicable),
            ({"min_subtotal": 1, "currency": "JPY"}, CouponNotApplicable),
        ],
    )
    def test_refuses_one_that_does_not_fit(self, who, values, error):
        coupon("TEN", **values)

        with pytest.raises(error):
            put(who, "TEN")

        assert not CartCoupon.objects.exists()
        assert Cart.objects.get().version == 2

    def test_says_what_is_missing(self, who):
        coupon("TEN", min_subtotal=2500)

        with pytest.raises(CouponNotApplicable) as refusal:
            put(who, "TEN")

        assert refusal.value.facts == {
            "reasons": [{"rule": "min_subtotal", "needed": "25.00", "missing": "5.00"}]
        }

    @pytest.mark.parametrize("code", ["NONE", "T_N", "%", ""])
    def test_refuses_a_code_that_is_none(self, who, code):
        coupon("TEN")

        with pytest.raises(CouponInvalid):
            put(who, code)

    def test_refuses_without_a_cart_or_on_one_that_changed(self, who):
        coupon("TEN")

        with pytest.raises(NotFound):
            put(shopper(), "TEN")
        with pytest.raises(PreconditionFailed):
            put(who, "TEN", version=1)

        assert not CartCoupon.objects.exists()


class TestRemoveCoupon:
    def test_takes_it_off_in_any_case(self, who):
        coupon("TEN")
        put(who, "TEN")

        cart = services.remove_coupon(owner=who.owner, code="ten", now=NOW)

        assert (cart.totals.total, cart.coupons, CartCoupon.objects.count()) == (2000, (), 0)

    def test_refuses_one_that_is_not_on_it(self, who):
        with pytest.raises(NotFound):
            services.remove_coupon(owner=who.owner, code="TEN", now=NOW)


class TestRefusal:
    @pytest.mark.parametrize("at", [NOW, NOW.isoformat(), NOW.isoformat(" ").removesuffix("+00:00")])
    def test_reads_instants_as_any_database_gives_them(self, at):
        fields = {
            "is_active": True, "starts_at": None, "ends_at": at, "max_uses": None, "used": 0, "kind": "percent",
            "currency": "EUR", "min_subtotal": 0,
        }  # fmt: skip

        def refusal(now):
            return coupons.refusal(fields, subtotal=0, currency="EUR", now=now)

        assert isinstance(refusal(NOW), CouponExpired)
        assert refusal(NOW - timedelta(microseconds=1)) is None


class TestRedeem:
    def test_counts_a_use_and_gives_it_back_once(self, who):
        used, cart = coupon("TEN", max_uses=1), Cart.objects.get()

        services.redeem_coupons(cart_id=cart.pk, coupon_ids=[used.pk], now=NOW)
        assert Coupon.objects.get().used == 1
        for _ in range(2):
            services.give_back_coupons(cart_id=cart.pk)

        assert Coupon.objects.get().used == 0
        assert CouponRedemption.objects.get().state == "released"

    def test_counts_nothing_when_one_has_no_use_left(self, who):
        free, spent = coupon("A"), coupon("B", max_uses=1, used=1)

        with pytest.raises(CouponUsedUp), transaction.atomic():
            services.redeem_coupons(cart_id=Cart.objects.get().pk, coupon_ids=[free.pk, spent.pk], now=NOW)

        assert dict(Coupon.objects.values_list("code", "used")) == {"A": 0, "B": 1}
        assert not CouponRedemption.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_a_single_use_goes_to_one_cart_of_many(self):
        single = coupon("ONE", max_uses=1)
        lamp = variant()
        carts: list[Any] = [filled(shopper(), lamp).id for _ in range(10)]

        def redeem(number: int) -> str:
            try:
                use_case(services.redeem_coupons, cart_id=carts[number], coupon_ids=[single.pk], now=NOW)
            except CouponUsedUp:
                return "used up"
            return "ok"

        assert sorted(together(10, redeem)) == ["ok"] + ["used up"] * 9
        assert (Coupon.objects.get().used, CouponRedemption.objects.count()) == (1, 1)
