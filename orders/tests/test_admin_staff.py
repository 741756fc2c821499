"""New orders and notes in the admin: the same checkout as by the API, on pages that say what is wrong."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest
from django.urls import reverse

from cart.tests.factories import selling
from orders.models import Order, OrderMove, OrderNote
from orders.tests.factories import ADDRESS, place
from orders.tests.footprint import footprint
from orders.tests.test_agreements import aged
from products.tests.factories import variant
from shop.audit.models import AuditEntry
from users.tests.factories import StaffFactory, UserFactory

pytestmark = [pytest.mark.once, pytest.mark.django_db]

NEW = reverse("admin:orders_order_new_order")


@pytest.fixture
def clerk(client):
    client.force_login(
        StaffFactory(permissions=["orders.view_order", "orders.add_order", "orders.change_order"])
    )
    return client


def hidden(page: str) -> dict[str, str]:
    """Return what the form keeps to itself."""
    found = re.findall(r'<input type="hidden" name="(key|expected_total)"(?: value="([^"]*)")?', page)
    return dict(found)


def said(*lines: str, **values: Any) -> dict[str, Any]:
    typed = {"email": "ada@example.com", "account": "on", "currency": "EUR", "shipping_method": "standard"}
    return (
        typed
        | {name: text for name, text in asdict(ADDRESS).items() if text}
        | {"lines": "\n".join(lines)}
        | values
    )


class TestNewOrder:
    def test_is_previewed_and_then_placed_once_on_the_account(self, clerk):
        selling()
        ada = UserFactory(email="ada@example.com")
        lamp, shade = variant(price=1990), variant(price=500)
        typed = said(f"2 x {lamp.sku}", shade.sku) | hidden(clerk.get(NEW).content.decode())
        before = footprint()

        preview = clerk.post(NEW, typed | {"preview": "1"}).content.decode()

        assert "Place for 49.70 EUR" in preview
        assert "standard (4.90)" in preview
        assert footprint() == before
        typed |= hidden(preview) | {"place": "1"}
        assert typed["expected_total"] == "49.70"
        answers = [clerk.post(NEW, typed) for _ in range(2)]
        order = Order.objects.get()
        page = reverse("admin:orders_order_change", args=[order.pk])
        assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [(302, page)] * 2
        assert (order.user_id, order.total, order.note) == (ada.pk, 4970, "")
        assert OrderMove.objects.get().actor == "staff"

    def test_says_what_is_wrong_beside_what_was_typed(self, clerk, settings):
        settings.ORDER_TERMS_VERSION = "2026-11"
        selling()
        whisky = aged(18)
        typed = said(whisky.sku, account="") | hidden(clerk.get(NEW).content.decode())
        before = footprint()

        unknown = clerk.post(NEW, typed | {"lines": "NONE", "place": "1"}).content.decode()
        strange = clerk.post(NEW, typed | {"postal_code": "x", "place": "1"}).content.decode()
        unasked = clerk.post(NEW, typed | {"place": "1"}).content.decode()
        asked = clerk.post(NEW, typed | {"preview": "1"}).content.decode()
        empty = clerk.post(NEW, {"place": "1"}).content.decode()

        assert "items.0.sku: This does not exist." in unknown
        assert "shipping_address.postal_code:" in strange
        assert "terms_accepted: Show the terms" in unasked
        assert "sold from the age of 18" in unasked
        assert "Ask whether they are 18 or older." in asked
        assert "This field is required." in empty
        assert footprint() == before

    def test_is_for_staff_who_may_place_orders(self, client):
        client.force_login(StaffFactory(permissions=["orders.view_order", "orders.change_order"]))

        assert client.get(NEW).status_code == 403
        assert (
            "/orders/order/new" not in client.get(reverse("admin:orders_order_changelist")).content.decode()
        )


class TestNote:
    def test_is_written_on_a_page_of_its_own_and_shown_with_the_order(self, clerk):
        order = place()
        url = reverse("admin:orders_order_add_note", args=[order.pk])

        assert clerk.get(url).status_code == 200
        assert "This field is required." in clerk.post(url, {"text": ""}).content.decode()
        answer = clerk.post(url, {"text": "Rang back.", "visible": "on"})

        page = reverse("admin:orders_order_change", args=[order.pk])
        assert (answer.status_code, answer.headers["Location"]) == (302, page)
        assert "Rang back." in clerk.get(page).content.decode()
        assert OrderNote.objects.get().visible is True
        assert AuditEntry.objects.filter(action="orders.note_added").count() == 1

    def test_is_for_staff_who_may_change_orders(self, client):
        client.force_login(StaffFactory(permissions=["orders.view_order"]))
        order = place()

        assert (
            client.post(reverse("admin:orders_order_add_note", args=[order.pk]), {"text": "x"}).status_code
            == 403
        )
        assert not OrderNote.objects.exists()
