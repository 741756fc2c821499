"""Writes on a state that isn't the cart's any more, over HTTP; test_races has those at the same moment."""

from __future__ import annotations

import pytest
from django.utils import timezone

from cart import services
from cart.models import Cart
from cart.tests.factories import coupon
from cart.tests.guests import API, Guest
from products.tests.factories import NOW, variant
from shop.core.ids import token_hash
from users.tests.clients import client_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class TestIfMatch:
    WRITES = [
        ("patch", "", {"country": "DE"}),
        ("delete", "", None),
        ("post", "items/", {"sku": "A", "quantity": 1}),
        ("patch", "items/{item}/", {"quantity": 2}),
        ("delete", "items/{item}/", None),
        ("post", "coupons/", {"code": "TEN"}),
        ("delete", "coupons/TEN/", None),
    ]

    @pytest.mark.parametrize(("method", "path", "body"), WRITES)
    def test_a_write_on_what_was_not_seen_last_is_412(self, guest, method, path, body):
        coupon("TEN")
        item = guest.add(variant(sku="A")).json()["items"][0]["id"]
        before = guest("get")
        fresh = guest("post", "coupons/", {"code": "TEN"}).headers["ETag"]

        for tag in (before.headers["ETag"], '"nonsense"', "nonsense", f'{fresh}, "x"', '"cart-²"'):
            response = guest(method, path.format(item=item), body, **{"If-Match": tag})
            assert (response.status_code, response.json()["code"]) == (412, "precondition_failed"), tag

        assert guest("get").headers["ETag"] == fresh
        for tag in (fresh, "*"):
            assert guest(method, path.format(item=item), body, **{"If-Match": tag}).status_code != 412

    @pytest.mark.parametrize(("method", "path", "body"), WRITES)
    def test_the_tag_of_another_cart_is_412_also_with_the_same_version(self, guest, method, path, body):
        lamp = variant(sku="A")
        item = guest.add(lamp).json()["items"][0]["id"]
        another = Guest()
        another.add(lamp)
        before, tag = guest("get"), another("get").headers["ETag"]

        assert tag.rpartition("-")[2] == before.headers["ETag"].rpartition("-")[2]
        assert guest(method, path.format(item=item), body, **{"If-Match": tag}).status_code == 412

        assert guest("get").content == before.content

    def test_the_tag_of_the_cart_that_became_an_order_is_412(self, guest):
        lamp = variant()
        tag = guest.add(lamp).headers["ETag"]
        Cart.objects.update(status="converted", converted_at=timezone.now())
        # The next cart gets to the same version.
        assert guest.add(lamp).headers["ETag"] != tag

        assert guest("patch", "", {"country": "DE"}, **{"If-Match": tag}).status_code == 412

        assert Cart.objects.get(status="open").country == ""

    def test_what_was_seen_without_a_cart_opens_one_and_writes_to_none(self, guest):
        lamp = variant()
        tag = guest("get").headers["ETag"]
        body = {"variant": lamp.pk, "quantity": 1}

        assert guest("patch", "", {"country": "DE"}, **{"If-Match": tag}).status_code == 404
        assert guest("post", "items/", body, **{"If-Match": tag}).status_code == 201
        assert guest("post", "items/", body, **{"If-Match": tag}).status_code == 412

        assert guest("get").json()["items"][0]["quantity"] == 1

    def test_a_tag_that_a_compressing_proxy_made_weak_matches(self, guest):
        tag = guest.add(variant()).headers["ETag"]

        assert not tag.startswith("W/")
        assert guest("patch", "", {"country": "DE"}, **{"If-Match": f"W/{tag}"}).status_code == 200

    def test_no_cart_is_opened_where_another_was_seen(self, guest):
        lamp = variant()
        tag = Guest().add(lamp).headers["ETag"]
        body = {"variant": lamp.pk, "quantity": 1}

        for said in (tag, '"cart-None-0"', '""'):
            assert guest("post", "items/", body, **{"If-Match": said}).status_code == 412

        assert guest.token is None
        assert Cart.objects.count() == 1

    def test_signing_in_makes_another_cart_of_it(self, guest):
        """Merging writes to the customer's cart, whatever version the guest's had."""
        guest.add(variant())
        tag, user = guest("get").headers["ETag"], UserFactory()
        services.merge_guest_cart(user_id=user.pk, token_hash=token_hash(guest.token), now=NOW)
        client = client_of(user)

        assert client.patch(API, {"country": "DE"}, headers={"If-Match": tag}).status_code == 412
        fresh = client.get(API).headers["ETag"]
        assert client.patch(API, {"country": "DE"}, headers={"If-Match": fresh}).status_code == 200
