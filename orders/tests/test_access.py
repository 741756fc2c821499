"""Who may see and do what: every call on an order, for everybody who might try."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from orders.models import Order
from orders.schemas import TrackSerializer
from orders.selectors import Viewer, overdue, owns, payable
from orders.tests.factories import paid, place
from orders.tests.shopping import URL, order_url, token_of
from products.tests.factories import NOW
from shop.core.errors import NotFound
from shop.events.models import OutboxEvent
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]

CALLS = {
    "read": ("get", ""),
    "track": ("get", "track"),
    "cancel": ("post", "cancel"),
    "reorder": ("post", "reorder"),
}
HIDDEN = dict.fromkeys(CALLS, 404)
OPEN = dict.fromkeys(CALLS, 200)
# Who asks -> the status of each call, for a customer's order and for a guest's.
MATRIX = {
    "anonymous": (HIDDEN, HIDDEN),
    "anonymous with another order's token": (HIDDEN, HIDDEN),
    "stranger": (HIDDEN, HIDDEN),
    "stranger with another order's token": (HIDDEN, HIDDEN),
    "owner": (OPEN, None),
    "guest with the token": (None, OPEN),
    "customer with the token of a guest's order": (None, OPEN),
    "anonymous with the token a customer's order would have": (HIDDEN, None),
    "staff without permission": (HIDDEN, HIDDEN),
    "staff who may view orders": ({**OPEN, "cancel": 403, "reorder": 403},) * 2,
    "staff who may change orders": ({**OPEN, "reorder": 403},) * 2,
    # To staff who may place orders, it is a body for such an order.
    "superuser": (OPEN, OPEN),
}
CASES = [
    (who, kind, call, statuses[call])
    for who, both in MATRIX.items()
    for kind, statuses in zip(("customer's", "guest's"), both, strict=True)
    if statuses is not None
    for call in CALLS
]


def asker(who: str, order: Order) -> SimpleNamespace:
    """Return the client and the token header of somebody who asks for an order."""
    accounts: dict[str, Any] = {
        "stranger": UserFactory,
        "customer": UserFactory,
        "superuser": SuperuserFactory,
        "staff without": StaffFactory,
        "staff who may view": lambda: StaffFactory(permissions=["orders.view_order"]),
        "staff who may change": lambda: StaffFactory(permissions=["orders.change_order"]),
        "owner": lambda: order.user,
    }
    make = next((make for name, make in accounts.items() if who.startswith(name)), None)
    token = {}
    if "another order's token" in who:
        token = token_of(place())
    elif "token" in who:
        token = token_of(order)
    return SimpleNamespace(client=client_of(make()) if make else anonymous(), token=token)


def facts(order: Order) -> tuple:
    order.refresh_from_db()
    return order.status, order.version, OutboxEvent.objects.filter(key=str(order.pk)).count()


class TestOrder:
    @pytest.mark.parametrize(("who", "kind", "call", "status"), CASES)
    def test_opens_to_its_own_people_and_is_not_there_for_others(self, who, kind, call, status):
        order = place(user=UserFactory() if kind == "customer's" else None)
        asking = asker(who, order)
        before = facts(order)
        method, action = CALLS[call]

        response = getattr(asking.client, method)(order_url(order, action), headers=asking.token)

        assert response.status_code == status
        if status == 404:
            assert response.json()["code"] == "not_found"
        if status == 403:
            assert response.json()["code"] == "permission_denied"
        assert (facts(order) == before) is (call != "cancel" or status != 200)

    @pytest.mark.parametrize("call", CALLS)
    def test_that_is_missing_looks_like_somebody_elses(self, call, anonymous):
        order = place()
        method, action = CALLS[call]
        somebody_elses = getattr(anonymous, method)(order_url(order, action)).json()
        Order.objects.filter(pk=order.pk).delete()

        missing = getattr(anonymous, method)(order_url(order, action)).json()

        assert {**missing, "request_id": ""} == {**somebody_elses, "request_id": ""}

    @pytest.mark.parametrize("call", CALLS)
    def test_is_closed_to_a_token_from_before_it_was_claimed(self, call, anonymous):
        order = place()
        old = token_of(order)
        Order.objects.filter(pk=order.pk).update(token_version=2)
        method, action = CALLS[call]

        assert getattr(anonymous, method)(order_url(order, action), headers=old).status_code == 404
        Order.objects.filter(pk=order.pk).update(user=UserFactory())
        order.refresh_from_db()
        new = token_of(order)
        assert getattr(anonymous, method)(order_url(order, action), headers=new).status_code == 404

    @pytest.mark.parametrize("token", ["", "x", "ü" * 64, "0" * 64, " ", "a" * 5000])
    def test_is_closed_to_tokens_that_are_none(self, token, anonymous):
        assert anonymous.get(order_url(place()), HTTP_X_ORDER_TOKEN=token).status_code == 404

    def test_takes_a_dead_bearer_for_an_error_and_not_for_a_guest(self, anonymous):
        order = place()
        headers = {**token_of(order), "Authorization": "Bearer nonsense"}

        response = anonymous.get(order_url(order), headers=headers)

        assert (response.status_code, response.json()["code"]) == (401, "token_invalid")

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_is_never_edited_or_deleted(self, method, client_of):
        order = place(user=UserFactory())

        response = getattr(client_of(order.user), method)(order_url(order), {"status": "confirmed"})

        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")

    @pytest.mark.parametrize("pk", ["1", "a" * 36, "%00", "..", "00000000-0000-0000-0000-000000000000"])
    def test_by_a_strange_id_is_not_found(self, pk, anonymous):
        assert anonymous.get(f"{URL}{pk}/").status_code == 404

    def test_by_options_says_nothing_about_it(self, anonymous):
        order = place()

        response = anonymous.options(order_url(order))

        assert response.status_code == 200
        assert order.email not in response.content.decode()
        assert order.number not in response.content.decode()


class TestList:
    def test_needs_a_sign_in(self, anonymous):
        order = place()

        response = anonymous.get(URL, headers=token_of(order))

        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")

    def test_holds_ones_own_orders_only_even_for_staff(self, client_of):
        own = place(user=StaffFactory(permissions=["orders.view_order"]))
        place(user=UserFactory())
        place()

        results = client_of(own.user).get(URL).json()["results"]

        assert [order["id"] for order in results] == [str(own.pk)]


class TestTrack:
    def test_has_no_personal_data(self, anonymous):
        order = paid(note="Secret note")

        response = anonymous.get(order_url(order, "track"), headers=token_of(order))

        assert set(response.json()) == set(TrackSerializer().fields)
        text = response.content.decode()
        for personal in (
            "ada@",
            "Ada",
            "Lovelace",
            "Hauptstr",
            "10115",
            "Berlin",
            "+4930",
            "Secret",
            str(order.pk),
        ):
            assert personal not in text


class TestPage:
    def page(self, order, token=None, client=None):
        query = {"token": token_of(order)["X-Order-Token"] if token is None else token}
        return (client or anonymous()).get(f"/account/orders/{order.pk}/", query)

    def test_opens_by_the_token_in_the_link(self):
        order = place()

        response = self.page(order)

        assert response.status_code == 200
        assert order.number in response.content.decode()
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("token", ["", "x", "ü", "\0"])
    def test_is_not_there_for_another_token(self, token):
        order = place()

        response = self.page(order, token)

        assert response.status_code == 404
        assert order.number not in response.content.decode()
        assert response.headers["Content-Type"].startswith("text/html")

    def test_of_a_customers_order_has_no_token(self):
        assert self.page(place(user=UserFactory())).status_code == 404

    def test_opens_to_staff_who_are_signed_in_to_the_admin(self, client):
        order = place()
        client.force_login(StaffFactory(permissions=["orders.view_order"]))

        assert self.page(order, "", client).status_code == 200

    def test_escapes_what_shoppers_and_staff_wrote(self):
        order = place()
        order.lines.update(name="<script>alert(1)</script>")

        assert "<script>alert" not in self.page(order).content.decode()


class TestSelectors:
    def test_a_viewer_without_anything_owns_nothing(self):
        assert not owns(place(), viewer=Viewer())
        assert not owns(place(user=UserFactory()), viewer=Viewer())

    def test_payable_refuses_an_order_that_is_missing(self):
        order = place()
        Order.objects.all().delete()

        with pytest.raises(NotFound):
            payable(order.pk)

    def test_overdue_leaves_out_what_is_paid_in_time_ended_or_under_way(self):
        lost, _, busy, done = (place() for _ in range(4))
        Order.objects.update(payment_due_at=NOW)
        Order.objects.filter(pk=_.pk).update(status="cancelled")
        Order.objects.filter(pk=busy.pk).update(payment_status="processing")
        Order.objects.filter(pk=done.pk).update(payment_due_at=NOW.replace(year=2027))

        assert overdue(now=NOW.replace(day=3)) == [lost.pk]
