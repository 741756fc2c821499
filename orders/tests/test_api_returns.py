"""Returns over HTTP: the owner asks and sees each step, staff move them on, nobody else knows of them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from orders.models import Order, Return
from orders.tests.backs import ask, delivered
from orders.tests.factories import paid
from orders.tests.shopping import code, order_url, token_of
from orders.tests.test_api_fulfilments import staff
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def wish(order: Order, **changes: Any) -> dict[str, Any]:
    line = order.lines.order_by("position").first()
    assert line is not None
    return {"lines": [{"line": str(line.pk), "quantity": 1, "reason": "too small"} | changes]}


def url(order: Order, pk: Any) -> str:
    return f"{order_url(order, 'returns')}{pk}/"


class TestAsk:
    def test_answers_the_return(self):
        order = delivered(now=timezone.now())

        response = anonymous().post(order_url(order, "returns"), wish(order), headers=token_of(order))

        back, line = Return.objects.get(), order.lines.get()
        assert response.status_code == 201
        assert response.headers["Location"] == url(order, back.pk)
        assert response.json() == {
            "id": str(back.pk),
            "status": "requested",
            "message": "",
            "lines": [
                {
                    "line": str(line.pk),
                    "sku": line.sku,
                    "name": line.name,
                    "quantity": 1,
                    "reason": "too small",
                    "received": None,
                    "restocked": None,
                }
            ],
            "amount": None,
            "currency": "EUR",
            "requested_at": back.requested_at.isoformat().replace("+00:00", "Z"),
            "decided_at": None,
            "received_at": None,
            "refunded_at": None,
        }

    @pytest.mark.parametrize(
        ("changes", "field", "error"),
        [
            ({"reason": ""}, "lines.0.reason", "blank"),
            ({"reason": "x" * 201}, "lines.0.reason", "max_length"),
            ({"quantity": 2}, "lines.0.quantity", "max_value"),
            ({"quantity": 0}, "lines.0.quantity", "min_value"),
            ({"line": str(uuid4())}, "lines.0.line", "does_not_exist"),
        ],
    )
    def test_refuses_what_it_cant_take(self, changes, field, error):
        order = delivered(now=timezone.now())

        response = anonymous().post(
            order_url(order, "returns"), wish(order, **changes), headers=token_of(order)
        )

        assert code(response) == (400, "validation_failed")
        assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, error)]
        assert not Return.objects.exists()

    def test_names_the_day_when_it_was_too_late(self):
        order = delivered()

        response = anonymous().post(order_url(order, "returns"), wish(order), headers=token_of(order))

        assert code(response) == (409, "return_window_closed")
        assert response.json()["closed_at"] == "2026-03-16T12:00:00+00:00"

    def test_is_too_early_for_what_wasnt_sent(self):
        order = paid()

        response = anonymous().post(order_url(order, "returns"), wish(order), headers=token_of(order))

        assert code(response) == (409, "transition_not_allowed")

    def test_is_nobody_elses(self):
        order = delivered(now=timezone.now())

        assert code(anonymous().post(order_url(order, "returns"), wish(order))) == (404, "not_found")
        stranger = client_of(UserFactory())
        assert code(stranger.post(order_url(order, "returns"), wish(order))) == (404, "not_found")
        looking = staff("view_order").post(order_url(order, "returns"), wish(order))
        assert code(looking) == (403, "permission_denied")
        assert not Return.objects.exists()


class TestSteps:
    def test_are_taken_by_staff_and_seen_by_the_owner(self):
        order = delivered()
        pk = ask(order, [1])
        clerk = staff("change_order")
        line = str(order.lines.get().pk)

        said = [
            clerk.patch(url(order, pk), body).json()
            for body in (
                {"status": "approved", "message": "Put the label on."},
                {"status": "received", "lines": [{"line": line, "quantity": 1, "restock": False}]},
                {"status": "refunded", "amount": "10.00"},
            )
        ]
        seen = anonymous().get(url(order, pk), headers=token_of(order)).json()

        assert [one["status"] for one in said] == ["approved", "received", "refunded"]
        assert said[0]["message"] == "Put the label on."
        assert (said[1]["lines"][0]["received"], said[1]["lines"][0]["restocked"]) == (1, False)
        assert (said[2]["amount"], said[2] == seen) == ("10.00", True)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"status": "requested"}, (400, "validation_failed")),
            ({"status": "approved", "amount": "1.00"}, (400, "validation_failed")),
            ({"status": "refunded"}, (409, "transition_not_allowed")),
            ({"status": "refunded", "amount": "1.001"}, (400, "validation_failed")),
            ({}, (400, "validation_failed")),
        ],
    )
    def test_are_refused_out_of_turn(self, body, expected):
        order = delivered()
        pk = ask(order, [1])

        assert code(staff("change_order").patch(url(order, pk), body)) == expected

        assert Return.objects.values_list("status", "version").get() == ("requested", 1)

    def test_are_for_staff_alone(self):
        order = delivered()
        pk = ask(order, [1])

        mine = anonymous().patch(url(order, pk), {"status": "approved"}, headers=token_of(order))
        customer = client_of(UserFactory()).patch(url(order, pk), {"status": "approved"})

        assert code(mine) == (401, "not_authenticated")
        assert code(customer) == (403, "permission_denied")
        assert Return.objects.get().status == "requested"

    def test_of_another_order_arent_found(self):
        order, other = delivered(), delivered()
        pk = ask(order, [1])

        assert code(staff("change_order").patch(url(other, pk), {"status": "approved"})) == (404, "not_found")


class TestList:
    def test_is_the_orders_in_the_same_number_of_statements(self):
        order = delivered(1990, 500, quantity=3)
        ask(order, [1, 1])

        def read() -> tuple[int, dict[str, Any]]:
            with statements() as seen:
                response = anonymous().get(order_url(order, "returns"), headers=token_of(order))
            return len(seen), response.json()

        one, first = read()
        ask(order, [1, 0])
        two, second = read()

        assert (one, first["count"], second["count"]) == (two, 1, 2)
        assert [back["status"] for back in second["results"]] == ["requested", "requested"]
