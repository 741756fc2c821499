"""Placing orders twice: keys, replays and crashes."""

from __future__ import annotations

import pytest
from django.test import override_settings

from orders.models import Order
from orders.tests.footprint import footprint
from orders.tests.shopping import URL, buyer, code
from products.tests.factories import variant
from shop.api.models import IdempotencyKey
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class TestIdempotency:
    @pytest.mark.parametrize("signed_in", [True, False])
    def test_replays_the_same_bytes(self, signed_in):
        who = buyer(variant(), user=UserFactory() if signed_in else None)

        first, again = who.place("key-1"), who.place("key-1")

        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert Order.objects.count() == 1

    def test_replays_what_it_answered_first_whatever_happened_since(self):
        who = buyer(variant())
        first = who.place("key-1")
        Order.objects.update(status="cancelled", token_version=5)

        assert who.place("key-1").content == first.content

    def test_takes_a_body_in_another_order_for_the_same(self):
        who = buyer(variant())
        first = who.place("key-1")
        who.body = dict(reversed(who.body.items()))

        assert who.place("key-1").content == first.content

    def test_does_not_store_the_token(self):
        who = buyer(variant())
        token = who.place("key-1").json()["access_token"]

        assert token not in IdempotencyKey.objects.get().body

    def test_refuses_another_body_under_a_used_key(self):
        who = buyer(variant())
        who.place("key-1")

        assert code(who.place("key-1", note="other")) == (422, "idempotency_key_reused")
        assert Order.objects.count() == 1

    @pytest.mark.parametrize("key", ["", " ", "ä", "x" * 256, "a b", "tab\there"])
    def test_refuses_a_key_that_is_none(self, key):
        who = buyer(variant())
        before = footprint()

        response = who.client.post(URL, who.body, HTTP_IDEMPOTENCY_KEY=key, HTTP_X_CART_TOKEN=who.token)

        assert code(response) == (400, "idempotency_key_required")
        assert footprint() == before

    def test_refuses_a_call_without_a_key(self):
        who = buyer(variant())

        assert code(who.client.post(URL, who.body, headers=who.cart)) == (400, "idempotency_key_required")

    def test_keeps_the_keys_of_shoppers_apart(self):
        people = [buyer(variant()), buyer(variant()), buyer(variant(), user=UserFactory())]

        answers = [who.place("same") for who in people]

        assert [answer.status_code for answer in answers] == [201] * 3
        assert len({answer.json()["id"] for answer in answers}) == 3
        assert not any("Idempotent-Replayed" in answer.headers for answer in answers)

    def test_frees_the_key_of_a_refused_call(self):
        who = buyer(variant())
        assert who.place("key-1", expected_total="1.00").status_code == 409

        assert who.place("key-1").status_code == 201

    def test_says_which_order_a_cart_became_under_another_key(self):
        who = buyer(variant())
        order = who.place().json()["id"]

        response = who.place()

        assert (code(response), response.json()["order"]) == ((409, "cart_converted"), order)


class TestCrash:
    @pytest.mark.parametrize("place", ["checkout.before_claim", "checkout.in_tx_after_reserve"])
    def test_leaves_nothing_and_the_same_key_succeeds(self, place):
        who = buyer(variant())
        before = footprint()

        with override_settings(FAILPOINTS={place: "raise"}):
            assert code(who.place("key-1")) == (500, "internal_error")

        assert (footprint(), IdempotencyKey.objects.count()) == (before, 0)
        assert who.place("key-1").status_code == 201
