"""Every call on carts by everybody who isn't the owner: what is in somebody else's cart isn't there, and stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from cart.models import Cart, CartCoupon, CartItem
from cart.tests.factories import coupon, selling
from cart.tests.guests import Guest
from products.tests.factories import variant
from shop.tests.test_access import endpoints
from users.tests.clients import anonymous, client_of
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.once, pytest.mark.django_db]

BODIES: dict[str, Any] = {
    "PATCH cart/": {"country": "DE"},
    "POST cart/coupons/": {"code": "TEN"},
    "PATCH cart/items/{item}/": {"quantity": 5},
}
# Endpoint -> the status for somebody without a cart, with a dead token, with a cart of their own, and signed in with
# the token of a guest's cart. What is 200 or 201 is about a cart of the caller's own.
TABLE = {
    "DELETE cart/": "404 404 200 404",
    "DELETE cart/coupons/{code}/": "404 404 404 404",
    "DELETE cart/items/{item}/": "404 404 404 404",
    "GET cart/": "200 200 200 200",
    "GET cart/shipping_methods/": "404 404 200 200",
    "PATCH cart/": "404 404 200 404",
    "PATCH cart/items/{item}/": "404 404 404 404",
    "POST cart/coupons/": "404 404 200 404",
    "POST cart/items/": "201 201 201 201",
}


def kept_of(cart: Any) -> list[Any]:
    """Return a cart and all that it holds."""
    return [
        list(Cart.objects.filter(pk=cart).values()),
        list(CartItem.objects.filter(cart=cart).order_by("pk").values()),
        list(CartCoupon.objects.filter(cart=cart).order_by("pk").values()),
    ]


def test_every_endpoint_has_its_line():
    assert [one for one in endpoints() if one.partition(" ")[2].startswith("cart/")] == sorted(TABLE)


@pytest.mark.parametrize("whose", ["guest's", "customer's"])
def test_access(whose):
    selling("DE")
    coupon("TEN")
    theirs = Guest()
    theirs.client = client_of(UserFactory()) if whose == "customer's" else theirs.client
    item = theirs.add(variant()).json()["items"][0]["id"]
    theirs("post", "coupons/", {"code": "TEN"})
    theirs_now = Cart.objects.get().pk
    own, customer, sold = Guest(), UserFactory(), variant().pk
    own.add(variant())
    token = {"X-Cart-Token": theirs.token} if theirs.token else {}
    callers = [
        (anonymous(), {}),
        (anonymous(), {"X-Cart-Token": "dead"}),
        (anonymous(), {"X-Cart-Token": str(own.token)}),
        (client_of(customer), token),
    ]
    before, answers = kept_of(theirs_now), {}
    for endpoint in TABLE:
        method, _, path = endpoint.partition(" ")
        where = path.replace("{item}", str(item)).replace("{code}", "TEN")
        where += "?country=DE" if path == "cart/shipping_methods/" else ""
        said = []
        for client, headers in callers:
            here = transaction.savepoint()
            body = BODIES.get(endpoint) or (
                {"variant": sold, "quantity": 1} if endpoint == "POST cart/items/" else None
            )
            answer = getattr(client, method.lower())(f"/api/v1/{where}", body, headers=headers)
            said.append(str(answer.status_code))
            assert kept_of(theirs_now) == before, endpoint
            assert str(item) not in answer.content.decode(), endpoint
            transaction.savepoint_rollback(here)
        answers[endpoint] = " ".join(said)

    assert answers == TABLE
