"""Lines of a cart over HTTP: what goes in, whose it is, what strangers send, and writes on an old state."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from cart.models import Cart, CartItem
from cart.tests.guests import API, EMPTY, Guest
from products.tests.factories import product, variant, variant_data
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class TestAddItem:
    @pytest.mark.parametrize("named", ["variant", "product", "sku"])
    def test_answers_the_cart_and_a_token_once(self, guest, named):
        made = variant(sku="A")
        value = {"variant": made.pk, "product": made.product_id, "sku": "A"}[named]

        first = guest("post", "items/", {named: value, "quantity": 1})
        second = guest("post", "items/", {named: value, "quantity": 2})

        assert (first.status_code, second.status_code) == (201, 201)
        assert len(first.headers["X-Cart-Token"]) >= 43
        assert "X-Cart-Token" not in second.headers
        assert second.json()["items"][0]["quantity"] == 3
        assert guest.token not in str(Cart.objects.values().get())

    @pytest.mark.parametrize("rows", [1, 20])
    def test_costs_six_statements_signed_in(self, rows):
        client = client_of(UserFactory())
        for _ in range(rows):
            client.post(f"{API}items/", {"variant": variant().pk, "quantity": 1})
        more = variant()

        with statements() as seen:
            response = client.post(f"{API}items/", {"variant": more.pk, "quantity": 1})

        assert (len(response.json()["items"]), len(seen)) == (rows + 1, 6)

    def test_a_token_that_nobody_gave_is_not_taken_over(self):
        attacker = Guest("chosen-by-somebody-else")

        attacker.add(variant())

        assert attacker.token != "chosen-by-somebody-else"
        assert Guest("chosen-by-somebody-else")("get").json() == EMPTY

    def test_the_token_of_a_merged_cart_is_dead_and_a_converted_ones_lives_on(self, guest):
        lamp = variant()
        guest.add(lamp)
        Cart.objects.update(status="merged")
        first = guest.token
        guest.add(lamp)
        assert guest.token != first
        Cart.objects.filter(status="open").update(status="converted", converted_at=timezone.now())
        second = guest.token

        response = guest.add(lamp)

        assert "X-Cart-Token" not in response.headers
        assert (guest.token, response.json()["items"][0]["quantity"]) == (second, 1)
        assert Cart.objects.filter(status="open").count() == 1

    def test_a_customers_cart_counts_before_any_token(self, guest):
        lamp, user = variant(), UserFactory()
        guest.add(lamp)
        client = client_of(user)

        response = client.post(
            f"{API}items/", {"variant": lamp.pk, "quantity": 5}, headers={"X-Cart-Token": guest.token}
        )

        assert response.json()["item_count"] == 5
        assert "X-Cart-Token" not in response.headers
        assert guest("get").json()["item_count"] == 1

    def test_several_variants_want_one_named(self, guest):
        several = product(variant_data(), variant_data())

        response = guest("post", "items/", {"product": several.pk, "quantity": 1})

        assert (response.status_code, response.json()["code"]) == (400, "variant_required")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "validation_failed"),
            ({"quantity": 1}, "validation_failed"),
            ({"variant": 1}, "validation_failed"),
            ({"variant": 1, "sku": "A", "quantity": 1}, "validation_failed"),
            ({"variant": 999999, "quantity": 1}, "validation_failed"),
            ({"product": True, "quantity": 1}, "validation_failed"),
            ({"variant": {"id": 1}, "quantity": 1}, "validation_failed"),
            ({"variant": [1], "quantity": 1}, "validation_failed"),
            ({"variant": 0, "quantity": 1}, "validation_failed"),
            ({"variant": 2**63, "quantity": 1}, "validation_failed"),
            ({"sku": "", "quantity": 1}, "validation_failed"),
            ({"sku": "x" * 65, "quantity": 1}, "validation_failed"),
            ({"sku": "a\x01", "quantity": 1}, "validation_failed"),
            *(
                ({"sku": "A", "quantity": quantity}, "validation_failed")
                for quantity in (0, -1, 1.0, 1.5, "1", True, None, 1000, 2**31, 2**63, -(2**63), 10**25)
            ),
            ({"sku": "A", "quantity": 1, "unit_price": "0.01"}, "unknown_field"),
            ({"sku": "A", "quantity": 1, "__proto__": {}}, "unknown_field"),
        ],
    )
    def test_refuses_what_it_cannot_be(self, guest, body, code):
        variant(sku="A")

        response = guest("post", "items/", body)

        assert (response.status_code, response.json()["code"]) == (400, code)
        assert "X-Cart-Token" not in response.headers
        assert not Cart.objects.exists()

    @pytest.mark.parametrize(
        ("raw", "status"),
        [
            (b"{", 400),
            (b"[]", 400),
            (b'"x"', 400),
            (b"null", 400),
            (b"\xff\xfe", 400),
            (b'\xef\xbb\xbf{"sku": "A", "quantity": 1}', 400),
            (b"[" * 20000, 400),
            (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400),
            (b'{"quantity": NaN, "sku": "A"}', 400),
            (b'{"quantity": 1e400, "sku": "A"}', 400),
            (b'{"quantity": ' + b"9" * 5000 + b', "sku": "A"}', 400),
            (b'{"sku": "\\u0000", "quantity": 1}', 400),
            (b'{"sku": "\\ud800", "quantity": 1}', 400),
            (b'{"sku": "A", "sku": "B", "quantity": 1}', 400),
            (b'{"sku": "A", "quantity": 1, "x": "' + b"a" * 1_100_000 + b'"}', 413),
        ],
    )
    def test_refuses_bodies_that_are_none(self, raw, status):
        variant(sku="A")

        client: Any = anonymous()

        response = client.generic("POST", f"{API}items/", raw, content_type="application/json")

        assert response.status_code == status
        assert not Cart.objects.exists()

    def test_refuses_another_media_type(self):
        response = anonymous().generic("POST", f"{API}items/", "sku=A", content_type="text/plain")

        assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


class TestItems:
    def test_are_changed_and_removed(self, guest):
        item = guest.add(variant(price=100)).json()["items"][0]["id"]

        assert guest("patch", f"items/{item}/", {"quantity": 3}).json()["total"] == "3.00"
        assert guest("delete", f"items/{item}/").json()["items"] == []
        assert guest("delete", f"items/{item}/").status_code == 404

    @pytest.mark.parametrize("method", ["patch", "delete"])
    def test_somebody_elses_do_not_exist(self, guest, method):
        other = Guest()
        item = other.add(variant()).json()["items"][0]["id"]
        guest.add(variant())

        for who in (guest, Guest(), Guest("dead")):
            response = who(method, f"items/{item}/", {"quantity": 5})
            assert (response.status_code, response.json()["code"]) == (404, "not_found")
        stranger = getattr(client_of(UserFactory()), method)(
            f"{API}items/{item}/", {"quantity": 5}, headers={"X-Cart-Token": other.token}
        )
        assert stranger.status_code == 404
        assert CartItem.objects.get(pk=item).quantity == 1

    @pytest.mark.parametrize("quantity", [-1, 1000, 1.5, "2", None, True])
    def test_refuse_a_quantity_out_of_range(self, guest, quantity):
        item = guest.add(variant()).json()["items"][0]["id"]

        assert guest("patch", f"items/{item}/", {"quantity": quantity}).status_code == 400
        assert CartItem.objects.get().quantity == 1

    @pytest.mark.parametrize("item", ["x", "1", "01a2094f-9176-7449-8cdd-556b3f2c63d2", "%00", "' or 1=1"])
    def test_that_are_none(self, guest, item):
        guest.add(variant())

        assert guest("delete", f"items/{item}/").status_code == 404
