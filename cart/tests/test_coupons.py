"""Codes on a cart: put there, refused with a reason, dropped while they don't fit, back when they do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from cart import selectors, services
from cart.coupons import MAX_CODES
from cart.errors import CouponExpired, CouponInvalid, CouponNotApplicable, CouponUsedUp
from cart.models import Cart, CartCoupon, Coupon
from cart.selectors.rules import instant
from cart.tests.factories import bound_for, coupon, filled, promotion, selling, shopper
from products.tests.factories import NOW, variant
from shop.api.problems import PreconditionFailed
from shop.core.errors import NotFound
from users.models import CustomerGroup
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(seconds=1)


@pytest.fixture
def who():
    made = shopper()
    filled(made, variant(price=2000))
    return made


def put(who, code: str, **values):
    return services.add_coupon(owner=who.owner, code=code, now=values.pop("now", NOW), **values)


def read(who, now=NOW) -> Any:
    return selectors.read_cart(who.owner, now=now)


def refused(error, who, code: str = "TEN") -> Any:
    """Put a code on a cart, expect the refusal and prove that nothing was changed; return it."""
    before = (list(CartCoupon.objects.values_list("coupon__code")), Cart.objects.get().version)
    with pytest.raises(error) as refusal:
        put(who, code)
    assert (list(CartCoupon.objects.values_list("coupon__code")), Cart.objects.get().version) == before
    return refusal.value


def reasons(error: CouponNotApplicable) -> list[dict[str, Any]]:
    return list(error.facts["reasons"])


class TestAddCoupon:
    @pytest.mark.parametrize(
        ("values", "total"),
        [
            ({"value": 100_000}, 1800),
            ({"value": 1_000_000}, 0),
            ({"kind": "fixed", "value": 500}, 1500),
            ({"kind": "fixed", "value": 9999}, 0),
            ({"min_subtotal": 2000}, 1800),
            ({"min_quantity": 1}, 1800),
            ({"starts_at": NOW, "ends_at": LATER}, 1800),
            ({"max_uses": 1}, 1800),
            ({"max_uses_each": 1}, 1800),
            ({"currency": "JPY"}, 1800),
        ],
    )
    def test_lowers_the_total(self, who, values, total):
        coupon("TEN", **values)

        cart = put(who, "ten")

        assert (cart.totals.total, cart.coupons) == (total, ["TEN"])
        assert read(who).totals == cart.totals

    def test_takes_off_the_cheapest_of_three(self, who):
        coupon("TWO", kind="buy_x_get_y", value=1_000_000, buy_quantity=2, get_quantity=1)
        filled(who, variant(price=500), quantity=2)

        assert put(who, "TWO").totals.total == 2500

    def test_waives_shipping(self, who):
        selling()
        coupon("SHIP", kind="free_shipping", value=0)
        put(who, "SHIP")

        totals = bound_for(who).totals

        assert (totals.shipping, totals.discount, totals.total) == (490, 490, 2000)

    @pytest.mark.parametrize("said", ["TEN", "ten", " tEn "])
    def test_reads_it_in_any_case_and_twice_is_once(self, who, said):
        coupon("TEN")

        put(who, "TEN")
        cart = put(who, said)

        assert (cart.coupons, CartCoupon.objects.count()) == (["TEN"], 1)

    def test_takes_a_personal_code_of_its_customer(self):
        user = UserFactory()
        who = shopper(user)
        filled(who, variant(price=2000))
        coupon("MINE", customer=user)

        assert put(who, "mine").totals.total == 1800


class TestRefusals:
    @pytest.mark.parametrize(
        ("values", "error"),
        [
            ({"is_active": False}, CouponInvalid),
            ({"starts_at": LATER}, CouponExpired),
            ({"ends_at": NOW}, CouponExpired),
            ({"max_uses": 2, "used": 2}, CouponUsedUp),
            ({"min_subtotal": 2001}, CouponNotApplicable),
            ({"min_quantity": 2}, CouponNotApplicable),
            ({"first_order": True}, CouponNotApplicable),
            ({"kind": "fixed", "value": 1, "currency": "JPY"}, CouponNotApplicable),
            ({"min_subtotal": 1, "currency": "JPY"}, CouponNotApplicable),
        ],
    )
    def test_one_that_does_not_fit(self, who, values, error):
        coupon("TEN", **values)

        refused(error, who)

    @pytest.mark.parametrize("code", ["NONE", "T_N", "%", "", "ＴＥＮ"])
    def test_a_code_that_is_none(self, who, code):
        coupon("TEN")

        refused(CouponInvalid, who, code)

    def test_unknown_switched_off_and_somebody_elses_all_look_alike(self, who):
        coupon("OTHERS", customer=UserFactory())
        coupon("OFF")
        Coupon.objects.filter(code="OFF").update(is_active=False)

        said = [refused(CouponInvalid, who, code) for code in ("OTHERS", "OFF", "NONE")]

        assert {(str(error), str(error.facts)) for error in said} == {("This code is not valid.", "{}")}

    def test_somebody_elses_code_of_a_promotion_that_is_there_looks_alike_too(self, who):
        ten = coupon("TEN")
        Coupon.objects.create(promotion=ten.promotion, code="HERS", customer=UserFactory())
        put(who, "TEN")

        refused(CouponInvalid, who, "HERS")

    def test_names_a_code_that_is_used_up(self, who):
        ten = coupon("TEN")
        Coupon.objects.filter(pk=ten.pk).update(max_uses=1, used=1)

        error = refused(CouponUsedUp, who, "ten")

        assert (error.facts, str(error)) == ({"coupon": "TEN"}, "TEN was used as often as it may be.")

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            (
                {"min_subtotal": 2410},
                {
                    "rule": "min_subtotal",
                    "needed": "24.10",
                    "missing": "4.10",
                    "detail": "Add 4.10 EUR more.",
                },
            ),
            (
                {"min_quantity": 3},
                {"rule": "min_quantity", "needed": 3, "missing": 2, "detail": "Add 2 more."},
            ),
            (
                {"kind": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1},
                {"rule": "min_quantity", "needed": 3, "missing": 2, "detail": "Add 2 more."},
            ),
            (
                {"first_order": True},
                {"rule": "sign_in", "detail": "Sign in: it is for customers the shop knows."},
            ),
            (
                {"kind": "fixed", "value": 1, "currency": "JPY"},
                {"rule": "currency", "needed": "JPY", "detail": "It is for carts in JPY."},
            ),
        ],
    )
    def test_say_what_is_missing(self, who, values, reason):
        coupon("TEN", **values)

        assert reasons(refused(CouponNotApplicable, who)) == [reason]

    def test_say_everything_that_is_missing_at_once(self, who):
        coupon("TEN", min_subtotal=2500, min_quantity=2, products=[variant().product_id])

        assert [(said["rule"], said["detail"]) for said in reasons(refused(CouponNotApplicable, who))] == [
            ("min_subtotal", "Add 25.00 EUR more of what it is for."),
            ("min_quantity", "Add 2 more of what it is for."),
        ]

    def test_say_that_nothing_is_what_it_is_for(self, who):
        coupon("TEN", products=[variant().product_id])

        assert reasons(refused(CouponNotApplicable, who)) == [
            {"rule": "scope", "detail": "Nothing in the cart is what it is for."}
        ]

    def test_say_that_it_is_for_other_customers(self):
        who = shopper(UserFactory())
        filled(who, variant(price=2000))
        coupon("TEN", groups=[CustomerGroup.objects.create(code="wholesale", name="Wholesale")])

        assert reasons(refused(CouponNotApplicable, who)) == [
            {"rule": "customer_group", "detail": "It is for other customers."}
        ]

    def test_a_second_code_of_the_same_promotion(self, who):
        ten = coupon("TEN")
        Coupon.objects.create(promotion=ten.promotion, code="ALSO")
        put(who, "TEN")

        assert reasons(refused(CouponNotApplicable, who, "ALSO")) == [
            {"rule": "same_promotion", "needed": "TEN", "detail": "TEN is for the same promotion already."}
        ]

    def test_one_that_cannot_be_combined_with_what_goes_first(self, who):
        coupon("FIRST", priority=1)
        coupon("ALONE", combines=False)
        put(who, "FIRST")

        assert reasons(refused(CouponNotApplicable, who, "ALONE")) == [
            {"rule": "not_combinable", "needed": "FIRST", "detail": "It can't be combined with FIRST."}
        ]

    def test_an_eleventh_code(self, who):
        for number in range(MAX_CODES + 1):
            coupon(f"CODE{number}", value=1)
        for number in range(MAX_CODES):
            put(who, f"CODE{number}")

        assert reasons(refused(CouponNotApplicable, who, f"CODE{MAX_CODES}")) == [
            {"rule": "too_many", "needed": 10, "detail": "A cart takes at most 10 codes."}
        ]

    def test_without_a_cart_or_on_one_that_changed(self, who):
        coupon("TEN")

        with pytest.raises(NotFound):
            put(shopper(), "TEN")
        with pytest.raises(PreconditionFailed):
            put(who, "TEN", seen="cart-of-yesterday")

        assert not CartCoupon.objects.exists()


class TestWhileItDoesNotFit:
    def test_it_stays_with_the_reason_and_comes_back_by_itself(self, who):
        coupon("TEN", min_subtotal=2000)
        put(who, "TEN")
        line = read(who).items[0]
        small = variant(price=1500)
        filled(who, small)

        cart = services.set_quantity(owner=who.owner, item_id=UUID(line.id), quantity=0, now=NOW)

        assert (cart.coupons, cart.totals.total) == ([], 1500)
        assert read(who).changes == (
            {
                "code": "coupon_dropped", "item": None, "old": "TEN", "new": None,
                "reasons": [
                    {"rule": "min_subtotal", "needed": "20.00", "missing": "5.00", "detail": "Add 5.00 EUR more."}
                ],
            },
        )  # fmt: skip
        assert filled(who, small).coupons == ["TEN"]
        assert (read(who).changes, read(who).totals.total) == ((), 2700)

    def test_a_code_that_is_dropped_by_one_that_stands_alone_says_so(self, who):
        coupon("TEN")
        coupon("ALONE", combines=False, priority=1)
        put(who, "TEN")

        cart = put(who, "ALONE")

        assert cart.coupons == ["ALONE"]
        (change,) = cart.changes
        assert (change["old"], change["reasons"][0]["detail"]) == ("TEN", "It can't be combined with ALONE.")

    def test_its_time_may_come_to_an_end_and_its_customer_be_changed(self, who):
        coupon("TEN", ends_at=LATER)
        put(who, "TEN")

        assert [change["reasons"][0]["rule"] for change in read(who, now=LATER).changes] == ["ended"]

        Coupon.objects.update(customer=UserFactory())
        assert [change["reasons"][0] for change in read(who).changes] == [
            {"rule": "inactive", "detail": "It isn't valid."}
        ]

    def test_a_code_without_a_use_left_stands_in_no_other_ones_way(self, who):
        ten = coupon("TEN")
        put(who, "TEN")
        Coupon.objects.filter(pk=ten.pk).update(max_uses=1, used=1)
        Coupon.objects.create(promotion=ten.promotion, code="FRESH", max_uses=1)

        cart = put(who, "FRESH")

        assert cart.coupons == ["FRESH"]
        assert [change["old"] for change in cart.changes] == ["TEN"]

    def test_an_automatic_one_that_has_not_begun_is_not_shown(self, who):
        promotion(starts_at=LATER)

        assert (read(who).applied, read(who).changes) == ((), ())
        assert [one.promotion.name for one in read(who, now=LATER).applied] == ["Autumn"]


class TestRemoveCoupon:
    def test_takes_it_off_in_any_case(self, who):
        coupon("TEN")
        put(who, "TEN")

        cart = services.remove_coupon(owner=who.owner, code="ten", now=NOW)

        assert (cart.totals.total, cart.coupons, CartCoupon.objects.count()) == (2000, [], 0)

    def test_refuses_one_that_is_not_on_it(self, who):
        with pytest.raises(NotFound):
            services.remove_coupon(owner=who.owner, code="TEN", now=NOW)


@pytest.mark.once
@pytest.mark.parametrize("said", [NOW, NOW.isoformat(), NOW.isoformat(" ").removesuffix("+00:00")])
def test_instants_are_read_as_any_database_gives_them(said):
    assert instant(said) == NOW
