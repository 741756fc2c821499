"""Carts in the admin are read; what decides totals is edited."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cart.models import Cart, TaxRate
from cart.tests.factories import filled, selling, shopper
from products.tests.factories import variant
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
    return Cart.objects.get()


class TestPages:
    @pytest.mark.parametrize("model", ["cart", "taxrate", "shippingmethod"])
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


class TestTaxRate:
    def test_is_written_in_per_cent(self, admin):
        selling()
        rate = TaxRate.objects.get()
        page = reverse("admin:cart_taxrate_change", args=[rate.pk])
        assert 'value="19"' in admin.get(page).content.decode()

        form = {"name": "VAT", "country": "DE", "region": "", "tax_class": "standard", "rate": "8.875"}
        assert admin.post(page, form).status_code == 302

        assert TaxRate.objects.get().rate == 88_750
