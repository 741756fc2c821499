"""Carts in the admin are read; what decides totals is edited."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cart.models import Cart, Coupon
from cart.tests.factories import coupon, filled, selling, shopper
from products.tests.factories import NOW, variant
from users.tests.factories import SuperuserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    client.force_login(SuperuserFactory())
    return client


@pytest.fixture
def cart():
    selling()
    who = shopper()
    filled(who, variant())
    made = Cart.objects.get()
    made.redemptions.create(coupon=coupon(), created_at=NOW)
    return made


class TestPages:
    @pytest.mark.parametrize("model", ["cart", "taxrate", "shippingmethod", "coupon", "couponredemption"])
    def test_every_list_opens(self, admin, cart, model):
        assert admin.get(reverse(f"admin:cart_{model}_changelist")).status_code == 200

    def test_a_cart_is_only_read_and_shows_no_token(self, admin, cart):
        page = reverse("admin:cart_cart_change", args=[cart.pk])

        shown = admin.get(page)

        assert shown.status_code == 200
        assert cart.token_hash not in shown.content.decode()
        assert admin.post(page, {}).status_code == 403
        assert admin.get(reverse("admin:cart_cart_add")).status_code == 403
        assert admin.post(reverse("admin:cart_cart_delete", args=[cart.pk])).status_code == 403

    def test_a_redemption_is_only_read(self, admin, cart):
        pk = cart.redemptions.get().pk

        assert admin.post(reverse("admin:cart_couponredemption_delete", args=[pk])).status_code == 403


class TestCoupon:
    def test_is_edited_but_its_count_is_not(self, admin):
        made = coupon("TEN", max_uses=5)

        response = admin.post(
            reverse("admin:cart_coupon_change", args=[made.pk]),
            {
                "code": "TEN", "name": "Ten", "kind": "percent", "value": 50_000, "currency": "EUR",
                "min_subtotal": 0, "max_uses": 5, "used": 4, "is_active": "on",
            },
        )  # fmt: skip

        assert response.status_code == 302
        assert Coupon.objects.values_list("value", "used").get() == (50_000, 0)
