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
    Promotion,
    Redemption,
    ShippingMethod,
    ShippingRate,
    TaxRate,
)
from cart.tests.factories import coupon, selling
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

    def test_stands_once_on_a_cart_and_is_redeemed_once(self):
        values = {"cart": cart(token_hash="h"), "coupon": coupon()}
        use = {"promotion": values["coupon"].promotion, "created_at": NOW}
        CartCoupon.objects.create(**values)
        Redemption.objects.create(**values, **use)

        assert_refused(CartCoupon.objects.create, **values)
        assert_refused(Redemption.objects.create, **values, **use)
        with pytest.raises(ProtectedError):
            values["coupon"].delete()


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

    @pytest.mark.parametrize("values", [{"amount": -1}, {"min_days": 4}, {"postal_prefix": ""}])
    def test_a_method_has_one_sane_rate_a_place(self, values):
        selling("DE")
        usual = {
            "method": ShippingMethod.objects.get(), "country": "DE", "postal_prefix": "1", "currency": "EUR",
            "amount": 1, "min_days": 1, "max_days": 3,
        }  # fmt: skip

        assert_refused(ShippingRate.objects.create, **usual | values)
