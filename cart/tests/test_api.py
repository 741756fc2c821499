"""The cart over HTTP: whole bodies, whose it is, and what strangers send."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import timezone

from cart import models, schemas
from cart.models import Cart, CartItem
from cart.tests.factories import bound_for, coupon, filled, promotion, rate_to, selling, shopper
from cart.tests.guests import API, EMPTY, Guest
from products import services as catalogue
from products.tests.factories import product, variant, variant_data
from shop.api import limits
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestRead:
    def test_without_a_cart_is_empty_and_writes_nothing(self, guest):
        for who in (guest, Guest("dead"), Guest("x" * 5000)):
            response = who("get")
            assert (response.status_code, response.json()) == (200, EMPTY)
            assert "X-Cart-Token" not in response.headers

        assert client_of(UserFactory()).get(API).json() == EMPTY
        assert not Cart.objects.exists()

    def test_whole_body(self, guest):
        selling("DE")
        made = product(
            variant_data(sku="S", price=1190, options={"size": "S"}, on_hand=5),
            name="Lamp",
            option_names=["size"],
        )
        only = made.variants.get()
        coupon("TEN")
        guest.add(only, 2)
        guest("post", "coupons/", {"code": "ten"})
        guest("patch", "", {"country": "de", "postal_code": "10115", "shipping_method": "standard"})

        response = guest("get")

        cart = Cart.objects.get()
        assert response.json() == {
            "id": str(cart.pk),
            "items": [
                {
                    "id": str(cart.items.get().pk),
                    "product": made.pk,
                    "variant": only.pk,
                    "sku": "S",
                    "name": "Lamp",
                    "options": {"size": "S"},
                    "image": None,
                    "quantity": 2,
                    "unit_price": "11.90",
                    "line_total": "23.80",
                    "available": 5,
                }
            ],
            "coupons": ["TEN"],
            "discounts": [{"name": "TEN", "code": "TEN", "amount": "2.38"}],
            "country": "DE",
            "region": None,
            "postal_code": "10115",
            "shipping_method": "standard",
            "subtotal": "23.80",
            "discount_total": "2.38",
            "shipping_total": "4.90",
            "tax_total": "4.20",
            "tax_added": "0.00",
            "tax_treatment": "standard",
            "vat_id": None,
            "prices_include_tax": True,
            "tax_lines": [{"name": "VAT", "rate": "0.19", "taxable": "22.12", "amount": "4.20"}],
            "total": "26.32",
            "currency": "EUR",
            "item_count": 2,
            "changes": [],
            "requires": {"terms": None, "minimum_age": None},
        }
        body = response.json()
        assert set(body) == set(schemas.PricedCartAnswer().fields)
        assert set(body["items"][0]) == set(schemas.CartLine().fields)
        assert set(body["tax_lines"][0]) == set(schemas.CartTaxLine().fields)

    @pytest.mark.parametrize("rows", [1, 100])
    def test_costs_three_statements_signed_in(self, rows):
        user = UserFactory()
        selling("DE")
        filled(shopper(user), *(variant() for _ in range(rows)))
        bound_for(shopper(user))
        for number in range(rows):
            promotion(name=str(number), first_order=number % 2 == 0)
        client = client_of(user)

        for path in ("", "?explain=1"):
            with statements() as seen:
                body = client.get(f"{API}{path}").json()

            assert (len(body["items"]), len(body["discounts"]), len(seen)) == (rows, rows, 3)

    def test_what_is_gone_has_no_price(self, guest):
        made = variant(price=500, sku="A")
        guest.add(made)
        catalogue.archive_variant(variant_id=made.pk, actor_id=None, now=timezone.now())

        body = guest("get").json()

        line = body["items"][0]
        assert (line["unit_price"], line["line_total"], line["available"], body["total"]) == (
            None,
            None,
            0,
            "0.00",
        )
        assert body["changes"] == [{"code": "gone", "item": line["id"], "old": "5.00", "new": None}]
        # Only a dropped code says why.
        assert {*body["changes"][0], "reasons"} == set(schemas.CartChange().fields)

    def test_is_never_cached_and_head_and_options_work(self, guest):
        guest.add(variant())

        assert guest("get").headers["Cache-Control"] == "no-store"
        told = guest("head")
        assert (told.status_code, told.content) == (200, b"")
        assert guest("options").status_code == 200


class TestPlace:
    def test_of_an_own_address(self):
        selling("DE")
        home = AddressFactory()
        client = client_of(home.user)
        client.post(f"{API}items/", {"variant": variant().pk, "quantity": 1})

        body = client.patch(API, {"shipping_address": str(home.pk), "shipping_method": "standard"}).json()

        assert (body["country"], body["postal_code"], body["shipping_total"]) == ("DE", "10115", "4.90")

    def test_of_somebody_elses_address_does_not_exist(self, guest):
        foreign = AddressFactory()
        client = client_of(UserFactory())
        client.post(f"{API}items/", {"variant": variant().pk, "quantity": 1})
        guest.add(variant())

        for response in (
            client.patch(API, {"shipping_address": str(foreign.pk)}),
            guest("patch", "", {"shipping_address": str(foreign.pk)}),
        ):
            assert response.status_code == 400
            assert response.json()["errors"][0]["code"] == "does_not_exist"
        assert set(Cart.objects.values_list("country", flat=True)) == {""}

    @pytest.mark.parametrize("postal_code", ["", "101", "10", "SW1A 1AA"])
    def test_is_an_estimate_whose_postal_code_is_taken_as_it_is(self, guest, postal_code):
        selling("DE")
        guest.add(variant())

        response = guest("patch", "", {"country": "de", "postal_code": postal_code})

        assert (response.status_code, response.json()["postal_code"]) == (200, postal_code or None)
        listed = guest("get", f"shipping_methods/?country=DE&postal_code={postal_code}")
        assert (listed.status_code, len(listed.json())) == (200, 1)

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"country": "XX"}, 400, "validation_failed"),
            ({"country": "Germany"}, 400, "validation_failed"),
            ({"country": None}, 400, "validation_failed"),
            ({"currency": "XXX"}, 400, "validation_failed"),
            ({"currency": "USD"}, 422, "currency_not_available"),
            ({"shipping_method": "none"}, 422, "shipping_not_available"),
            ({"postal_code": "x" * 21}, 400, "validation_failed"),
            ({"region": "a\r\nb"}, 400, "validation_failed"),
            ({"language": "klingon"}, 400, "validation_failed"),
            ({"total": "0.01"}, 400, "unknown_field"),
            ({"user": 1, "status": "converted"}, 400, "unknown_field"),
        ],
    )
    def test_refuses_what_it_cannot_be(self, guest, body, status, code):
        guest.add(variant())
        before = Cart.objects.values().get()

        response = guest("patch", "", body)

        assert (response.status_code, response.json()["code"]) == (status, code)
        assert Cart.objects.values().get() == before

    def test_null_forgets_what_was_said(self, guest):
        selling("DE")
        guest.add(variant())
        guest("patch", "", {"country": "DE", "region": "BE", "shipping_method": "standard"})

        body = guest("patch", "", {"region": None, "shipping_method": None}).json()

        assert (body["country"], body["region"], body["shipping_method"]) == ("DE", None, None)

    @pytest.mark.parametrize(
        ("method", "path"),
        [("patch", ""), ("delete", ""), ("post", "coupons/"), ("get", "shipping_methods/?country=DE")],
    )
    def test_without_a_cart_there_is_nothing_to_change(self, method, path):
        for who in (Guest(), Guest("dead")):
            response = who(method, path, {"code": "TEN"} if method == "post" else None)
            assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert not Cart.objects.exists()

    def test_nothing_to_send_needs_no_shipping(self, guest):
        guest.add(variant(requires_shipping=False))

        assert guest("get").json()["shipping_total"] == "0.00"


class TestCoupons:
    def test_are_put_on_and_taken_off(self, guest):
        coupon("TEN")
        guest.add(variant(price=1000))

        assert guest("post", "coupons/", {"code": " ten "}).json()["discount_total"] == "1.00"
        assert guest("delete", "coupons/ten/").json()["coupons"] == []
        assert guest("delete", "coupons/ten/").status_code == 404

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"code": "OTHER"}, "coupon_invalid"),
            ({"is_active": False}, "coupon_invalid"),
            ({"ends_at": timezone.now()}, "coupon_expired"),
            ({"max_uses": 0}, "coupon_used_up"),
            ({"min_subtotal": 5000}, "coupon_not_applicable"),
        ],
    )
    def test_say_why_they_do_not_apply(self, guest, values, code):
        coupon(**{"code": "TEN"} | values)
        guest.add(variant(price=1000))

        response = guest("post", "coupons/", {"code": "TEN"})

        assert (response.status_code, response.json()["code"]) == (422, code)

    def test_cannot_be_guessed_at_will(self, guest, settings, monkeypatch):
        settings.LIMITS_FACTOR = 1
        # One window, however long this takes.
        monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))
        guest.add(variant())

        seen = [guest("post", "coupons/", {"code": f"GUESS{n}"}).status_code for n in range(11)]

        assert seen == [422] * 10 + [429]
        refused = guest("post", "coupons/", {"code": "TEN"})
        assert int(refused.headers["Retry-After"]) > 0


class TestShippingMethods:
    def test_whole_body_in_the_shops_order(self, guest):
        selling("DE")
        express = models.ShippingMethod.objects.create(code="express", name="Express", position=1)
        rate_to(express, amount=990, free_from=1000, min_days=1, max_days=1)
        guest.add(variant(price=1000))

        body = guest("get", "shipping_methods/?country=de&postal_code=10115").json()

        assert body == [
            {
                "code": "standard",
                "name": "Standard",
                "price": "4.90",
                "currency": "EUR",
                "min_days": 1,
                "max_days": 3,
            },
            {
                "code": "express",
                "name": "Express",
                "price": "0.00",
                "currency": "EUR",
                "min_days": 1,
                "max_days": 1,
            },
        ]
        assert set(body[0]) == set(schemas.ShippingMethodAnswer().fields)
        assert guest("get", "shipping_methods/?country=FR").json() == []

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("", "validation_failed"),
            ("country=XX", "validation_failed"),
            ("country=DE&x=1", "unknown_filter"),
        ],
    )
    def test_refuses_what_it_cannot_be(self, guest, query, code):
        guest.add(variant())

        response = guest("get", f"shipping_methods/?{query}")

        assert (response.status_code, response.json()["code"]) == (400, code)


class TestSigningIn:
    def test_a_bad_bearer_is_refused(self):
        response = anonymous().get(API, headers={"Authorization": "Bearer nonsense"})

        assert (response.status_code, response.json()["code"]) == (401, "token_invalid")

    def test_clear_empties_it(self, guest):
        guest.add(variant())

        assert guest("delete").json()["items"] == []
        assert not CartItem.objects.exists()
