"""Orders in the admin: read them, cancel them, nothing else."""

from __future__ import annotations

import pytest
from django.urls import reverse

from orders.models import Order
from orders.tests.factories import paid, place, ship
from products.tests.factories import variant
from shop.events.models import OutboxEvent
from users.tests.factories import StaffFactory, SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:orders_order_changelist")


@pytest.fixture
def admin(client):
    client.force_login(SuperuserFactory())
    return client


def cancel(client, *orders):
    data = {"action": "cancel", "_selected_action": [str(order.pk) for order in orders]}
    return client.post(LIST, data, follow=True)


class TestReading:
    def test_lists_and_finds(self, admin):
        order = place(variant(sku="GREEN-LAMP"))

        assert order.number in admin.get(LIST).content.decode()
        assert order.number in admin.get(LIST, {"q": "green-lamp"}).content.decode()
        assert order.number not in admin.get(LIST, {"q": "nothing"}).content.decode()

    def test_shows_lines_addresses_and_history(self, admin):
        order = paid()

        page = admin.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()

        for shown in (order.number, order.lines.get().sku, "Hauptstr. 1", "confirmed"):
            assert shown in page
        assert "token_version" not in page


class TestWriting:
    def test_offers_no_form(self, admin):
        order = place()

        assert admin.get(reverse("admin:orders_order_add")).status_code == 403
        assert admin.post(reverse("admin:orders_order_delete", args=[order.pk])).status_code == 403
        change = admin.post(reverse("admin:orders_order_change", args=[order.pk]), {"status": "confirmed"})
        assert change.status_code == 403
        order.refresh_from_db()
        assert order.status == "pending"

    def test_cannot_delete_in_bulk(self, admin):
        order = place()

        admin.post(LIST, {"action": "delete_selected", "_selected_action": [str(order.pk)], "post": "yes"})

        assert Order.objects.count() == 1


class TestCancel:
    def test_cancels_what_can_be_and_says_what_cannot(self, admin):
        pending, sent = place(), paid()
        ship(sent, "shipped")

        page = cancel(admin, pending, sent).content.decode()

        pending.refresh_from_db()
        sent.refresh_from_db()
        assert (pending.status, sent.status) == ("cancelled", "confirmed")
        assert f"{pending.number} is cancelled." in page
        assert f"{sent.number}: The order is confirmed" in page
        assert OutboxEvent.objects.filter(type="orders.order_cancelled.v1").count() == 1

    def test_writes_down_the_member_of_staff(self, client):
        staff = StaffFactory(permissions=["orders.view_order", "orders.change_order"])
        client.force_login(staff)
        order = place()

        cancel(client, order)

        step = order.moves.get(version=2)
        assert (step.actor, step.actor_id) == ("staff", staff.pk)

    @pytest.mark.parametrize("permissions", [[], ["orders.view_order"]])
    def test_is_not_for_staff_without_the_permission(self, client, permissions):
        client.force_login(StaffFactory(permissions=permissions))
        order = place()

        cancel(client, order)

        order.refresh_from_db()
        assert order.status == "pending"

    def test_is_not_for_customers(self, client):
        client.force_login(UserFactory())

        assert client.get(LIST).status_code == 302
