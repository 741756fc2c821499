"""How many statements each call may send: exact, and the same whatever the size."""

from __future__ import annotations

from typing import Any

import pytest

from cart.models import Coupon
from cart.tests.factories import coupon, promotion
from orders.tests.factories import place
from orders.tests.shopping import URL, buyer, order_url, token_of
from products.tests.factories import variant
from tests.statements import statements
from users.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db

SIZES = [1, 20]


def place_counted(lines: int, on_hand: int, code_uses: int | None = None, **values: Any) -> list[str]:
    """Place an order as a customer, with a coupon and two addresses out of the book."""
    user = UserFactory()
    shipping, billing = AddressFactory(user=user), AddressFactory(user=user, kind="billing")
    coupon(**values)
    Coupon.objects.update(max_uses=code_uses)
    who = buyer(*(variant(on_hand=on_hand) for _ in range(lines)), user=user)
    put = who.client.post("/api/v1/cart/coupons/", {"code": "TEN"})
    ids = {"shipping_address": str(shipping.pk), "billing_address": str(billing.pk)}
    with statements() as sent:
        response = who.place(**ids, expected_total=put.json()["total"])
    assert (response.status_code, len(response.json()["items"])) == (201, lines)
    return sent


class TestPlaceOrder:
    @pytest.mark.parametrize("lines", SIZES)
    def test_of_a_customer_with_coupon_and_addresses(self, lines):
        assert len(place_counted(lines, on_hand=10)) == 17

    @pytest.mark.parametrize("lines", SIZES)
    def test_that_takes_the_last_unit_of_each(self, lines):
        """Two more than that: the products that ran out."""
        assert len(place_counted(lines, on_hand=1)) == 19

    @pytest.mark.parametrize(
        ("values", "more"),
        [
            ({"code_uses": 1}, 1),
            ({"max_uses": 1}, 1),
            ({"code_uses": 1, "max_uses": 1}, 2),
            ({"max_uses_each": 1}, 2),
            ({"first_order": True}, 2),
            ({"max_uses": 1, "max_uses_each": 1}, 3),
            ({"code_uses": 1, "max_uses": 1, "max_uses_each": 1}, 4),
        ],
    )
    def test_with_a_limited_coupon(self, values, more):
        """Each counter is one statement; that of a customer is noted afterwards."""
        assert len(place_counted(1, on_hand=10, **values)) == 17 + more

    @pytest.mark.parametrize(("values", "count"), [({}, 15), ({"max_uses": 5}, 16)])
    def test_of_a_guest_with_a_promotion_that_needs_no_code(self, values, count):
        promotion(**values)
        who = buyer(variant())

        with statements() as sent:
            response = who.place()

        assert (response.status_code, len(sent)) == (201, count)

    @pytest.mark.parametrize("lines", SIZES)
    def test_of_a_guest(self, lines):
        who = buyer(*(variant() for _ in range(lines)))

        with statements() as sent:
            response = who.place()

        assert (response.status_code, len(sent)) == (201, 13)

    def test_replayed(self):
        who = buyer(variant())
        who.place("once")

        with statements() as sent:
            response = who.place("once")

        assert (response.status_code, len(sent)) == (201, 2)


class TestRead:
    @pytest.mark.parametrize("orders", SIZES)
    def test_list(self, orders, client_of):
        user = UserFactory()
        lamps = [variant(on_hand=100), variant(on_hand=100)]
        for _ in range(orders):
            place(*lamps, user=user)
        client = client_of(user)

        with statements() as sent:
            response = client.get(URL)

        assert (len(response.json()["results"]), len(sent)) == (orders, 3)

    @pytest.mark.parametrize("lines", SIZES)
    def test_detail(self, lines, client_of):
        user = UserFactory()
        order = place(*(variant() for _ in range(lines)), user=user)
        client = client_of(user)

        with statements() as sent:
            response = client.get(order_url(order))

        assert (len(response.json()["items"]), len(sent)) == (lines, 2)

    def test_detail_of_a_guest(self, anonymous):
        order = place()

        with statements() as sent:
            response = anonymous.get(order_url(order), headers=token_of(order))

        assert (response.status_code, len(sent)) == (200, 1)

    def test_track(self, client_of):
        user = UserFactory()
        order = place(user=user)
        client = client_of(user)

        with statements() as sent:
            response = client.get(order_url(order, "track"))

        assert (response.status_code, len(sent)) == (200, 3)
