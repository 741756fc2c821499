"""The list of orders in the admin: found, narrowed, exported, at the same cost whatever there is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from orders.tests.factories import paid, place
from products.tests.factories import NOW, variant
from shop.audit.models import AuditEntry
from tests.statements import statements
from users.tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

LIST, EXPORT = reverse("admin:orders_order_changelist"), reverse("admin:orders_order_export")


@pytest.fixture
def admin(client):
    client.force_login(StaffFactory(permissions=["orders.view_order"]))
    return client


@pytest.fixture
def orders():
    """A dear one that is paid, and a cheap one the day after that isn't."""
    dear = paid(variant(price=90000, sku="LAMP"))
    return {
        "dear": dear,
        "cheap": place(variant(price=500), now=NOW + timedelta(days=1), email="bo@example.com"),
    }


def listed(client, orders, query):
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200, query
    numbers = [order.number for order in answer.context["cl"].result_list]
    return [name for number in numbers for name, order in orders.items() if order.number == number]


def test_is_found_and_narrowed(admin, orders):
    found = {
        query: listed(admin, orders, query)
        for query in (
            "", f"q={orders['dear'].number[:7].lower()}", "q=lamp", "q=BO@", "q=%25", "status__exact=pending",
            "payment_status__exact=paid", "fulfilment_status__exact=shipped", "placed_at_from=2026-03-03",
            "placed_at_to=2026-03-02", "placed_at_from=2026-03-02&placed_at_to=2026-03-03", "placed_at_from=soon",
            "total_from=904.90", "total_to=9.90&total_currency=EUR", "total_from=1&total_currency=USD",
            "total_from=ten", "disputed__exact=1",
        )
    }  # fmt: skip

    assert list(found.values()) == [
        ["cheap", "dear"], ["dear"], ["dear"], ["cheap"], [], ["cheap"], ["dear"], [], ["cheap"], ["dear"],
        ["cheap", "dear"], [], ["dear"], ["cheap"], [], [], [],
    ]  # fmt: skip
    assert "Write an amount" in admin.get(f"{LIST}?total_from=ten").content.decode()


def test_sends_as_many_statements_for_one_order_as_for_twenty(admin):
    lamp = variant(on_hand=100)
    sent = []
    for more in (1, 19):
        for _ in range(more):
            place(lamp)
        with statements() as seen:
            admin.get(LIST)
        sent.append(seen)

    assert len(sent[0]) == len(sent[1]) <= 7
    # Whatever is counted is counted up to a limit.
    assert [
        sql for sql in sent[1] if "COUNT(" in sql and "orders_order" in sql and "LIMIT 10001" not in sql
    ] == []


def test_hands_out_what_the_list_is_narrowed_to(admin, orders):
    button = admin.get(f"{LIST}?status__exact=pending&q=bo@&p=1&o=7").context["actions_list"][0]["path"]
    assert button == f"{EXPORT}?status__exact=pending&q=bo%40"

    answer = admin.get(button)
    text = b"".join(answer.streaming_content).decode()

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [line.split(",")[0] for line in text.splitlines()] == ["number", orders["cheap"].number]
    (entry,) = AuditEntry.objects.filter(action="orders.exported")
    assert entry.facts == {"narrowed_by": ["q", "status__exact"]}
    assert admin.get(f"{EXPORT}?cart__status=open").status_code in (302, 400)


def test_is_exported_by_staff_who_may_see_orders(client, orders):
    client.force_login(StaffFactory(permissions=["products.view_product"]))

    assert client.get(EXPORT).status_code == 403
    assert not AuditEntry.objects.filter(action="orders.exported").exists()
