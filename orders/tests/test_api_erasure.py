"""Exporting and erasing people who have ordered, over HTTP."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType

from orders.models import Order
from orders.tests.factories import paid, place, ship
from tests.statements import statements
from users.models import User
from users.tests.clients import anonymous, client_of, client_with
from users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/"
SIZES = (1, 12)


def customer(orders: int = 1) -> User:
    """Return somebody whose orders are over."""
    user = UserFactory(email=f"ada{orders}@example.com")
    for _ in range(orders):
        ship(paid(user=user), "shipped", "delivered")
    return user


def test_an_open_order_stands_in_the_way():
    user = UserFactory()
    unpaid, unsent = place(user=user), paid(user=user)
    client = client_of(user)
    before = list(Order.objects.order_by("pk").values())
    blockers = [
        f"Order {unpaid.number} is neither paid nor cancelled.",
        f"Order {unsent.number} isn't delivered yet.",
    ]

    assert client.delete(f"{ME}?dry_run=1").json()["blockers"] == blockers
    refused = client.delete(ME, {"password": PASSWORD})

    assert (refused.status_code, refused.json()["blockers"]) == (409, blockers)
    assert list(Order.objects.order_by("pk").values()) == before
    assert User.objects.get(pk=user.pk).erased_at is None


def test_a_new_account_at_the_address_has_none_of_the_old_orders():
    user = customer()
    assert client_of(user).delete(ME, {"password": PASSWORD}).status_code == 204
    body = {"email": "ada1@example.com", "password": "violet kettle on a roof"}
    anonymous().post("/api/v1/auth/register/", body)

    signed_in = anonymous().post("/api/v1/auth/login/", body).json()

    assert client_with(signed_in["access"]).get("/api/v1/orders/").json()["results"] == []
    assert Order.objects.get().email == ""


class TestStatements:
    def counted(self, call) -> list[int]:
        counts = []
        # Looked up once a process.
        ContentType.objects.get_for_model(User)
        for size in SIZES:
            user = customer(size)
            client = client_of(user)
            with statements() as sent:
                assert call(client).status_code in (200, 204)
            counts.append(len(sent))
        return counts

    @pytest.mark.parametrize(
        "call",
        [
            lambda client: client.get(f"{ME}export/"),
            lambda client: client.delete(f"{ME}?dry_run=1"),
            lambda client: client.delete(ME, {"password": PASSWORD}),
        ],
        ids=["export", "dry run", "erasure"],
    )
    def test_are_the_same_for_few_orders_and_many(self, call):
        few, many = self.counted(call)

        assert few == many
