"""A guest's order that becomes an account's: by its token, and by the address on it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from orders import services
from orders.models import Order
from orders.tests.factories import paid, place
from orders.tests.shopping import code, order_url, token_of
from orders.tests.test_races import outcome
from orders.tokens import access_token
from products.models import Review
from products.tests.factories import variant
from shop.audit.models import AuditEntry
from shop.events.local import LocalBackend
from shop.events.models import OutboxEvent
from users.models import User
from users.tests.clients import anonymous, client_of
from users.tests.factories import UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db


def owner(email: str = "ada@example.com", *, verified: bool = True) -> User:
    return UserFactory(email=email, email_verified_at=timezone.now() if verified else None)


def claim(order: Order, user: User, token: str | None = None):
    said = {"access_token": access_token(order.pk, order.token_version) if token is None else token}
    return client_of(user).post(order_url(order, "claim"), said)


def as_it_is() -> list[Any]:
    return [*Order.objects.values_list("user", "token_version", "version"), OutboxEvent.objects.count()]


class TestClaim:
    def test_gives_the_order_to_the_account(self):
        made = variant()
        order, user = paid(made), owner("ADA@example.com")

        response = claim(order, user)

        assert (response.status_code, response.json()["id"]) == (200, str(order.pk))
        row = Order.objects.get()
        assert (row.user_id, row.token_version, row.version) == (user.pk, 2, order.version)
        assert code(anonymous().get(order_url(order), headers=token_of(order))) == (404, "not_found")
        assert AuditEntry.objects.get(action="orders.claimed").actor_id == user.pk
        assert OutboxEvent.objects.get(type="orders.order_claimed.v1").payload == {
            "order_id": str(order.pk),
            "version": order.version,
            "user_id": str(user.pk),
            "lines": [{"product_id": made.product_id, "variant_id": made.pk, "quantity": 1}],
        }

    def test_makes_reviews_of_what_was_bought_verified(self):
        made = variant()
        order, user = paid(made), owner()
        url = f"/api/v1/products/{made.product_id}/reviews/"
        client_of(user).post(url, {"rating": 5, "title": "Good", "text": "Very."})

        claim(order, user)
        LocalBackend().send(list(OutboxEvent.objects.filter(type="orders.order_claimed.v1")))

        assert Review.objects.get().verified is True

    def test_of_an_order_that_isnt_paid_says_of_no_purchase(self):
        order, user = place(), owner()

        assert claim(order, user).status_code == 200

        assert OutboxEvent.objects.get(type="orders.order_claimed.v1").payload["lines"] == []

    def test_of_ones_own_order_changes_nothing(self):
        order, user = place(), owner()
        claim(order, user)
        before = as_it_is()

        assert claim(order, user).status_code == 200

        assert as_it_is() == before

    @pytest.mark.parametrize(
        "user", [lambda: owner("eve@example.com"), lambda: owner(verified=False)], ids=["other", "unverified"]
    )
    def test_needs_the_address_on_the_order_confirmed(self, user):
        order = place()
        before = as_it_is()

        assert code(claim(order, user())) == (403, "permission_denied")

        assert as_it_is() == before

    def test_needs_the_token(self):
        order, user = place(), owner()
        before = as_it_is()

        for token in ("x", access_token(order.pk, 2)):
            assert code(claim(order, user, token)) == (404, "not_found")

        assert code(client_of(user).post(order_url(order, "claim"), {})) == (400, "validation_failed")
        assert as_it_is() == before

    def test_takes_nobodys_order_away(self):
        order = place(user=UserFactory(email="bob@example.com"))
        before = as_it_is()

        assert code(claim(order, owner())) == (404, "not_found")

        assert as_it_is() == before

    def test_is_for_accounts(self):
        order = place()

        response = anonymous().post(order_url(order, "claim"), {"access_token": "x"}, headers=token_of(order))

        assert code(response) == (401, "not_authenticated")


@pytest.mark.django_db(transaction=True)
def test_claimed_at_once_it_is_announced_once():
    order, user = place(), owner()
    token = access_token(order.pk, 1)

    outcomes = together(
        8,
        lambda _: outcome(services.claim_order, order_id=order.pk, user_id=user.pk, token=token),
    )

    assert Counter(outcomes) == {"ok": 8}
    assert OutboxEvent.objects.filter(type="orders.order_claimed.v1").count() == 1
    assert Order.objects.get().token_version == 2
