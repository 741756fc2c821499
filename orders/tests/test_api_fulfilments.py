"""Parcels over HTTP: who may send them, what the order then says, and what everybody else is told."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from orders.models import Order, Shipment
from orders.tests.factories import paid, place
from orders.tests.parcels import counters, ship, states
from orders.tests.shopping import code, order_url, token_of
from products.tests.factories import variant
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

PARCEL = {"carrier": "UPS", "tracking_number": "1Z 999"}


@pytest.fixture
def clerk() -> APIClient:
    return staff("change_order")


def staff(*names: str) -> APIClient:
    user = StaffFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return client_of(user)


def send(client: APIClient, order: Order, **said: Any) -> Any:
    return client.post(order_url(order, "fulfilments"), PARCEL | said)


class TestFulfilments:
    def test_answers_the_order_with_its_parcel(self, clerk):
        order = paid(variant(), quantity=2)
        line = order.lines.get()

        response = send(clerk, order, lines=[{"line": str(line.pk), "quantity": 1}])

        body = response.json()
        parcel = Shipment.objects.get()
        assert response.status_code == 200
        assert (body["fulfilment_status"], body["stage"]) == ("partial", "partly_shipped")
        assert [(item["shipped"], item["cancelled"], item["returned"]) for item in body["items"]] == [
            (1, 0, 0)
        ]
        assert body["shipments"] == [
            {
                "id": str(parcel.pk),
                "carrier": "UPS",
                "carrier_name": "UPS",
                "tracking_number": "1Z 999",
                "tracking_url": "https://www.ups.com/track?tracknum=1Z%20999",
                "shipped_at": parcel.shipped_at.isoformat().replace("+00:00", "Z"),
                "delivered_at": None,
                "items": [{"line": str(line.pk), "sku": line.sku, "name": line.name, "quantity": 1}],
            }
        ]

    def test_sends_what_is_left_when_no_lines_are_named(self, clerk):
        order = paid(variant(), variant(), quantity=2)

        assert send(clerk, order).status_code == 200

        assert counters(order) == [(2, 0, 0), (2, 0, 0)]

    def test_the_owner_follows_several_parcels_of_several_carriers(self):
        order = paid(variant(), variant())
        ship(order, [1, 0])
        ship(order, [0, 1], carrier="Gondola", tracking_number="")

        parcels = anonymous().get(order_url(order, "fulfilments"), headers=token_of(order)).json()
        track = anonymous().get(order_url(order, "track"), headers=token_of(order)).json()

        assert parcels["count"] == 2
        assert track["shipments"] == parcels["results"]
        assert [(one["carrier_name"], one["tracking_url"] is None) for one in track["shipments"]] == [
            ("DHL", False),
            ("Gondola", True),
        ]
        assert (track["stage"], track["events"][-1]["stage"]) == ("shipped", "shipped")

    @pytest.mark.parametrize(
        ("said", "field", "error"),
        [
            ({"carrier": ""}, "carrier", "blank"),
            ({"carrier": "DHL\nBcc: x"}, "carrier", "invalid"),
            ({"tracking_number": None}, "tracking_number", "null"),
            ({"lines": []}, "lines", "empty"),
            ({"lines": [{"line": str(uuid4()), "quantity": 1}]}, "lines.0.line", "does_not_exist"),
            ({"lines": [{"line": str(uuid4()), "quantity": 0}]}, "lines.0.quantity", "min_value"),
            ({"lines": [{"line": str(uuid4()), "quantity": True}]}, "lines.0.quantity", "invalid"),
            ({"lines": [{"line": "x", "quantity": 1}]}, "lines.0.line", "invalid"),
        ],
    )
    def test_refuses_what_cant_be_read(self, clerk, said, field, error):
        order = paid()

        response = send(clerk, order, **said)

        assert code(response) == (400, "validation_failed")
        assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, error)]
        assert not Shipment.objects.exists()

    def test_refuses_a_line_named_twice(self, clerk):
        order = paid(variant(), quantity=2)
        line = {"line": str(order.lines.get().pk), "quantity": 1}

        assert code(send(clerk, order, lines=[line, line])) == (400, "validation_failed")

        assert not Shipment.objects.exists()

    def test_says_what_isnt_paid_and_what_is_sent_already(self, clerk):
        unpaid, sent = place(), paid()
        ship(sent)

        assert code(send(clerk, unpaid)) == (409, "not_paid")
        assert code(send(clerk, sent)) == (409, "transition_not_allowed")

    def test_is_for_staff_who_may_change_orders(self):
        owner = UserFactory()
        order = paid(user=owner)

        assert code(send(anonymous(), order)) == (401, "not_authenticated")
        assert code(send(client_of(owner), order)) == (403, "permission_denied")
        assert code(send(staff("view_order"), order)) == (403, "permission_denied")
        assert not Shipment.objects.exists()

    def test_knows_no_order_that_isnt_there(self, clerk):
        response = clerk.post(f"/api/v1/orders/{uuid4()}/fulfilments/", PARCEL)

        assert code(response) == (404, "not_found")

    def test_the_parcels_of_others_are_nobodys_to_see(self):
        order = paid(user=UserFactory())
        ship(order)

        response = client_of(UserFactory()).get(order_url(order, "fulfilments"))

        assert code(response) == (404, "not_found")


class TestDeliver:
    def test_completes_the_order(self, clerk):
        order = paid()
        ship(order)

        response = clerk.post(order_url(order, "deliver"))

        body = response.json()
        assert (response.status_code, body["status"], body["stage"]) == (200, "completed", "delivered")
        assert body["shipments"][0]["delivered_at"] is not None

    def test_takes_one_parcel(self, clerk):
        order = paid(variant(), variant())
        first = ship(order, [1, 0])
        ship(order, [0, 1])

        body = clerk.post(order_url(order, "deliver"), {"shipment": str(first)}).json()

        assert (body["status"], body["stage"]) == ("confirmed", "shipped")
        assert code(clerk.post(order_url(order, "deliver"), {"shipment": str(uuid4())})) == (404, "not_found")

    def test_is_for_staff(self):
        owner = UserFactory()
        order = paid(user=owner)
        ship(order)

        assert code(client_of(owner).post(order_url(order, "deliver"))) == (403, "permission_denied")
        assert states(order) == ("confirmed", "paid", "shipped")


class TestCancelLines:
    def test_takes_units_off(self, clerk):
        order = paid(variant(), quantity=3)
        line = order.lines.get()

        response = clerk.post(
            order_url(order, "cancel"), {"reason": "broken", "lines": [{"line": str(line.pk), "quantity": 1}]}
        )

        assert response.status_code == 200
        assert [item["cancelled"] for item in response.json()["items"]] == [1]
        assert line.cancellations.get().reason == "broken"

    def test_is_for_staff_alone(self):
        order = paid(variant(), quantity=3)
        lines = [{"line": str(order.lines.get().pk), "quantity": 1}]

        response = anonymous().post(order_url(order, "cancel"), {"lines": lines}, headers=token_of(order))

        assert code(response) == (403, "permission_denied")
        assert counters(order) == [(0, 0, 0)]
