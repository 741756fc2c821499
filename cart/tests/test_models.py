"""What the database itself refuses."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from cart.models import (
    Cart,
    CartCoupon,
    CartItem,
    Coupon,
    CustomerUses,
    Promotion,
    Redemption,
    ShippingMethod,
    ShippingRate,
    ShippingZone,
    TaxRate,
)
from cart.tests.factories import coupon, promotion, selling
from products.tests.factories import NOW, variant
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def assert_refused(call, *args, **values) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        call(*args, **values)


def cart(**values) -> Cart:
    return Cart.objects.create(**{"currency": "EUR", "created_at": NOW, "updated_at": NOW} | values)


class TestCart:
    def test_belongs_to_somebody(self):
        assert_refused(cart)

    @pytest.mark.parametrize("owner", ["user", "token"])
    def test_is_the_only_open_one_of_its_owner(self, owner):
        values = {"user": UserFactory()} if owner == "user" else {"token_hash": "h"}
        for status in ("converted", "converted", "merged", "open"):
            cart(**values, status=status)

        assert_refused(cart, **values)

    def test_goes_with_its_customer(self):
        user = UserFactory()
        cart(user=user)

        user.delete()

        assert not Cart.objects.exists()


class TestCartItem:
    @pytest.mark.parametrize("quantity", [0, -1, 1000])
    def test_has_a_quantity_in_range(self, quantity):
        assert_refused(
            CartItem.objects.create, cart=cart(token_hash="h"), variant=variant(), quantity=quantity
        )

    def test_stands_once_a_variant(self):
        values = {"cart": cart(token_hash="h"), "variant": variant(), "quantity": 1}
        CartItem.objects.create(**values)

        assert_refused(CartItem.objects.create, **values)


class TestCoupon:
    @pytest.mark.parametrize(
        "values",
        [
            {"used": 3, "max_uses": 2},
            {"used": -1},
            {"code": "TEN"},
            {"code": "ten"},
            {"code": ""},
        ],
    )
    def test_is_never_overused_nor_out_of_range(self, values):
        coupon("TEN")
        other = coupon("OTHER")

        assert_refused(Coupon.objects.filter(pk=other.pk).update, **values)

    def test_stands_once_on_a_cart(self):
        values = {"cart": cart(token_hash="h"), "coupon": coupon()}
        CartCoupon.objects.create(**values)

        assert_refused(CartCoupon.objects.create, **values)


class TestPromotion:
    @pytest.mark.parametrize(
        "values",
        [
            {"used": 3, "max_uses": 2},
            {"used": -1},
            {"kind": "gift"},
            {"value": -1},
            {"value": 1_000_001},
            {"kind": "buy_x_get_y", "get_quantity": 1},
            {"kind": "buy_x_get_y", "buy_quantity": 1},
            {"min_subtotal": -1},
        ],
    )
    def test_is_never_overused_nor_out_of_range(self, values):
        promotion()

        assert_refused(Promotion.objects.update, **values)

    def test_is_used_once_by_a_cart_and_stays_with_it(self):
        made = coupon()
        use = {"cart": cart(token_hash="h"), "promotion": made.promotion, "created_at": NOW}
        Redemption.objects.create(**use, coupon=made)

        assert_refused(Redemption.objects.create, **use)
        assert_refused(Redemption.objects.update, state="lost")
        for row in (made, made.promotion):
            with pytest.raises(ProtectedError):
                row.delete()

    def test_counts_a_customer_once_who_is_somebody(self):
        made, user = promotion(), UserFactory()
        CustomerUses.objects.create(promotion=made, user=user)
        CustomerUses.objects.create(promotion=made, guest="digest")

        for values in ({"user": user}, {"guest": "digest"}, {}, {"user": UserFactory(), "guest": "digest"}):
            assert_refused(CustomerUses.objects.create, promotion=made, **values)


class TestRates:
    @pytest.mark.parametrize(
        "values",
        [
            {"tax_class": "standard"},
            {"tax_class": "reduced", "rate": 1_000_001},
            {"tax_class": "reduced", "on_shipping": True},
        ],
    )
    def test_a_place_has_one_tax_a_class_and_one_for_shipping(self, values):
        selling("DE")

        assert_refused(TaxRate.objects.create, **{"name": "x", "country": "DE", "rate": 0} | values)

    @pytest.mark.parametrize("values", [{"amount": -1}, {"min_days": 4}, {"threshold": -1}, {"threshold": 0}])
    def test_a_method_has_one_sane_rate_a_place(self, values):
        selling("DE")
        usual = {
            "method": ShippingMethod.objects.get(), "zone": ShippingZone.objects.get(), "currency": "EUR",
            "threshold": 1, "amount": 1, "min_days": 1, "max_days": 3,
        }  # fmt: skip

        assert_refused(ShippingRate.objects.create, **usual | values)
