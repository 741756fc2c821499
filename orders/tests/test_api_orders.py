"""Listing, following, cancelling and ordering again over HTTP."""

from __future__ import annotations

import pytest

from cart.models import Cart
from orders import schemas
from orders.models import Order
from orders.shapes import STEPS, stage_of
from orders.tests.factories import paid, place
from orders.tests.shopping import URL, buyer, code, order_url, token_of
from products import services as products
from products.tests.factories import NOW, variant
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class TestList:
    @pytest.fixture
    def mine(self):
        user = UserFactory()
        orders = [place(user=user, now=NOW.replace(day=day)) for day in (2, 3, 4)]
        Order.objects.filter(pk=orders[0].pk).update(status="confirmed", payment_status="paid")
        return orders

    @pytest.fixture
    def listed(self, mine, client_of):
        client = client_of(mine[0].user)
        return lambda **query: client.get(URL, query)

    def test_is_newest_first_in_the_shape_of_a_page(self, listed, mine):
        body = listed().json()

        assert {name: body[name] for name in ("count", "next", "previous")} == {
            "count": 3, "next": None, "previous": None,
        }  # fmt: skip
        assert [order["id"] for order in body["results"]] == [str(order.pk) for order in reversed(mine)]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"status": "confirmed"}, [0]),
            ({"payment_status": "unpaid"}, [2, 1]),
            ({"fulfilment_status": "shipped"}, []),
            ({"placed_after": "2026-03-03T12:00:00Z"}, [2, 1]),
            ({"placed_before": "2026-03-03T12:00:00Z"}, [0]),
            ({"placed_after": "2026-03-03T00:00:00Z", "placed_before": "2026-03-04T00:00:00Z"}, [1]),
        ],
    )
    def test_filters(self, query, found, listed, mine):
        results = listed(**query).json()["results"]

        assert [order["id"] for order in results] == [str(mine[number].pk) for number in found]

    def test_pages_by_cursor_there_and_back(self, listed, mine, client_of):
        first = listed(page_size=2).json()
        second = client_of(mine[0].user).get(first["next"]).json()
        back = client_of(mine[0].user).get(second["previous"]).json()

        assert first["next"].startswith(URL)
        assert [order["id"] for order in second["results"]] == [str(mine[0].pk)]
        assert second["next"] is None
        assert back["results"] == first["results"]

    @pytest.mark.parametrize("name", ["user", "email", "status__in", "user__email", "ordering", "q", "total"])
    def test_refuses_filters_that_it_does_not_have(self, name, listed):
        assert code(listed(**{name: "x"})) == (400, "unknown_filter")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("status", "lost"),
            ("status", ""),
            ("placed_after", "yesterday"),
            ("placed_after", "0001-01-01T00:00:00+14:00"),
            ("placed_before", "9999-12-31T23:59:59-12:00"),
            ("cursor", "nonsense"),
            ("page_size", "0"),
            ("page_size", "ten"),
        ],
    )
    def test_refuses_values_that_cannot_be_read(self, name, value, listed):
        assert code(listed(**{name: value})) == (400, "validation_failed")


class TestTrack:
    def test_tells_each_step_in_the_orders_language(self, anonymous):
        order = paid(language="en")

        answer = anonymous.get(order_url(order, "track"), headers=token_of(order)).json()

        at = "2026-03-02T12:00:00Z"
        assert answer == {
            "number": order.number,
            "status": "confirmed",
            "payment_status": "paid",
            "fulfilment_status": "unfulfilled",
            "stage": "preparing",
            "shipments": [],
            "estimated_delivery": "2026-03-05",
            "events": [
                {"stage": "placed", "message": "We have your order.", "at": at},
                {
                    "stage": "preparing",
                    "message": "Your order is confirmed and being prepared.",
                    "at": at,
                },
                {"stage": "preparing", "message": "We have received your payment.", "at": at},
            ],
        }

    @pytest.mark.parametrize(
        ("states", "stage"),
        [
            (("pending", "unpaid", "unfulfilled"), "placed"),
            (("pending", "failed", "unfulfilled"), "placed"),
            (("pending", "processing", "unfulfilled"), "processing"),
            (("confirmed", "paid", "unfulfilled"), "preparing"),
            (("confirmed", "authorized", "unfulfilled"), "preparing"),
            (("confirmed", "paid", "partial"), "partly_shipped"),
            (("confirmed", "paid", "shipped"), "shipped"),
            (("completed", "paid", "delivered"), "delivered"),
            (("completed", "partially_refunded", "returned"), "returned"),
            (("completed", "refunded", "returned"), "refunded"),
            (("cancelled", "refunded", "unfulfilled"), "cancelled"),
            (("expired", "unpaid", "unfulfilled"), "expired"),
        ],
    )
    def test_stage_is_the_first_that_fits(self, states, stage):
        status, payment, fulfilment = states

        assert stage_of(Order(status=status, payment_status=payment, fulfilment_status=fulfilment)) == stage

    def test_stages_are_those_of_the_contract(self):
        assert {stage for stage, _ in STEPS.values()} <= set(schemas.STAGES)


class TestCancel:
    def test_answers_the_order(self, anonymous):
        order = place()

        response = anonymous.post(order_url(order, "cancel"), {"reason": "Too slow"}, headers=token_of(order))

        body = response.json()
        assert (response.status_code, body["status"], body["stage"]) == (200, "cancelled", "cancelled")
        assert set(body) == set(schemas.OrderSerializer().fields)
        step = order.moves.get(version=2)
        assert (step.actor, step.actor_id, step.cause) == ("guest", None, "Too slow")

    def test_a_second_time_says_where_it_stands(self, anonymous):
        order = place()
        again = [anonymous.post(order_url(order, "cancel"), {}, headers=token_of(order)) for _ in range(2)][1]

        assert code(again) == (409, "transition_not_allowed")
        assert [again.json()[name] for name in ("from", "to", "allowed")] == ["cancelled", "cancelled", []]

    @pytest.mark.parametrize(
        ("body", "answer"),
        [
            ({"reason": "x" * 201}, "validation_failed"),
            ({"reason": "a\nb"}, "validation_failed"),
            ({"refund": True}, "unknown_field"),
        ],
    )
    def test_refuses_a_body_that_it_does_not_know(self, body, answer, anonymous):
        order = place()

        response = anonymous.post(order_url(order, "cancel"), body, headers=token_of(order))

        order.refresh_from_db()
        assert (code(response), order.status) == ((400, answer), "pending")


class TestReorder:
    def test_of_a_guest_opens_a_cart_and_answers_its_token(self, anonymous):
        lamp = variant()
        order = place(lamp, quantity=2)

        response = anonymous.post(order_url(order, "reorder"), headers=token_of(order))

        assert response.status_code == 200
        assert [(item["variant"], item["quantity"]) for item in response.json()["items"]] == [(lamp.pk, 2)]
        again = anonymous.get("/api/v1/cart/", headers={"X-Cart-Token": response.headers["X-Cart-Token"]})
        assert again.json()["items"] == response.json()["items"]
        assert again.headers["ETag"] == response.headers["ETag"]

    def test_adds_to_the_cart_that_is_there(self):
        lamp, shade = variant(), variant()
        order = place(lamp)
        who = buyer(shade)

        response = who.client.post(order_url(order, "reorder"), headers={**token_of(order), **who.cart})

        assert {item["variant"] for item in response.json()["items"]} == {lamp.pk, shade.pk}
        assert "X-Cart-Token" not in response.headers
        assert Cart.objects.filter(status="open").count() == 1

    def test_says_what_is_gone_or_dearer(self, client_of):
        user = UserFactory()
        gone, kept = variant(), variant(on_hand=3)
        order = place(gone, kept, user=user, quantity=2)
        products.archive_product(product_id=gone.product_id, actor_id=None, now=NOW)

        body = client_of(user).post(order_url(order, "reorder")).json()

        assert [item["variant"] for item in body["items"]] == [kept.pk]
        assert {change["code"] for change in body["changes"]} == {"gone", "stock_short"}
