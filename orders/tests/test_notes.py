"""Notes on orders: what is for staff alone never leaves them, what is for the shopper reaches them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from orders import selectors, services
from orders.models import Order, OrderNote
from orders.selectors.timeline import steps_of
from orders.shapes import shape
from orders.tests.factories import place
from orders.tests.shopping import code, order_url, token_of
from products.tests.factories import NOW
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound
from shop.events.models import OutboxEvent
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

SECRET = "Has cried wolf before."


def note(order: Order, text: str = "Your lamp is on its way.", *, visible: bool = True) -> OrderNote:
    with transaction.atomic():
        return services.add_note(
            order_id=order.pk, text=text, visible=visible, author_id=StaffFactory().pk, now=NOW
        )


def customers_order() -> tuple[Any, Order]:
    """Return a customer and an order of theirs."""
    ada = UserFactory()
    return ada, place(user=ada)


def told() -> list[str]:
    return list(OutboxEvent.objects.filter(type="orders.note_added.v1").values_list("key", flat=True))


class TestWrite:
    def test_is_for_staff_and_leaves_a_trace(self):
        order = place(user=UserFactory())
        clerk = StaffFactory(permissions=["orders.change_order"])
        client, url = client_of(clerk), order_url(order, "notes")

        inner = client.post(url, {"text": SECRET})
        outer = client.post(url, {"text": "Line one\nline two", "visible": True})

        assert (inner.status_code, outer.status_code) == (201, 201)
        assert inner.json()["visible"] is False
        assert outer.json() == {
            "id": outer.json()["id"], "text": "Line one\nline two", "at": outer.json()["at"], "visible": True,
            "author": str(clerk.pk),
        }  # fmt: skip
        # Ids only, and of what is for staff nothing at all.
        assert told() == [outer.json()["id"]]
        event = OutboxEvent.objects.get(type="orders.note_added.v1")
        assert "Line one" not in str(event.payload)
        entries = AuditEntry.objects.filter(action="orders.note_added").order_by("pk")
        assert [(entry.actor_id, entry.object_id, entry.facts["visible"]) for entry in entries] == [
            (clerk.pk, str(order.pk), False),
            (clerk.pk, str(order.pk), True),
        ]
        assert SECRET not in str([entry.facts for entry in entries])

    def test_is_refused_to_others_and_for_nothing(self):
        ada, order = customers_order()
        url, body = order_url(order, "notes"), {"text": "Hello", "visible": True}
        clerk = client_of(StaffFactory(permissions=["orders.change_order"]))

        assert code(anonymous().post(url, body)) == (401, "not_authenticated")
        assert code(client_of(ada).post(url, body)) == (403, "permission_denied")
        looker = client_of(StaffFactory(permissions=["orders.view_order"]))
        assert code(looker.post(url, body)) == (403, "permission_denied")
        for bad in (
            {},
            {"text": ""},
            {"text": "x" * 2001},
            {"text": "x", "visible": "perhaps"},
        ):
            assert code(clerk.post(url, bad)) == (400, "validation_failed")
        assert code(clerk.post(url, body | {"author": "me"})) == (400, "unknown_field")
        assert (OrderNote.objects.count(), told()) == (0, [])

    def test_needs_an_order(self):
        order = place()
        Order.objects.all().delete()

        with pytest.raises(NotFound):
            note(order)


class TestRead:
    def test_staff_read_all_and_the_owner_what_is_for_them(self):
        ada, order = customers_order()
        note(order, SECRET, visible=False)
        seen = note(order)
        url = order_url(order, "notes")

        staff = client_of(StaffFactory(permissions=["orders.view_order"])).get(url).json()
        own = client_of(ada).get(url).json()

        assert [row["visible"] for row in staff["results"]] == [False, True]
        assert (own["count"], [set(row) for row in own["results"]]) == (1, [{"id", "text", "at"}])
        assert own["results"][0]["id"] == str(seen.pk)
        for stranger in (anonymous(), client_of(UserFactory())):
            assert code(stranger.get(url)) == (404, "not_found")

    def test_what_is_for_staff_reaches_no_shopper_by_any_way(self):
        order = place()
        note(order, SECRET, visible=False)
        note(order, "For you.")
        headers = token_of(order)

        def read(action: str) -> Any:
            return anonymous().get(order_url(order, action), headers=headers).content.decode()

        page = anonymous().get(f"/account/orders/{order.pk}/", {"token": headers["X-Order-Token"]})
        answers = [
            *map(read, ("", "track", "notes", "timeline", "returns", "fulfilments")),
            page.content.decode(),
        ]
        whole = selectors.order_for_mail(order.pk)
        assert not [
            answer for answer in [*answers, str(whole), str(shape(whole_row(order)))] if SECRET in answer
        ]
        assert "For you." in answers[2]
        assert "For you." in answers[3]
        assert "For you." in answers[-1]

    def test_is_a_step_of_the_timeline(self):
        order = place()
        note(order)

        step = steps_of(order)[-1]

        assert (step.id, step.kind, step.stage, step.message) == (
            "note-1", "note", "placed", "Your lamp is on its way.",
        )  # fmt: skip


def whole_row(order: Order) -> Any:
    return selectors.ready(Order.objects.filter(pk=order.pk)).get()


class TestForget:
    def test_the_export_has_what_the_owner_may_read_and_an_erasure_empties_all(self):
        ada, order = customers_order()
        note(order, SECRET, visible=False)
        note(order, "For Ada.")

        (held,) = selectors.orders_held(ada.pk)
        assert held["notes"] == [{"text": "For Ada.", "at": NOW}]

        with transaction.atomic():
            services.forget_customer(user_id=ada.pk, actor_id=ada.pk, now=NOW)

        assert list(OrderNote.objects.values_list("text", flat=True)) == ["", ""]
        assert [step.kind for step in steps_of(order)] == ["step"]
