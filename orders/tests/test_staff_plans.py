"""No list of orders reads all of them: what each plan has visited is counted, on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from orders.tests.factories import place
from orders.tests.many import fill
from orders.tests.shopping import URL
from products.tests.factories import variant
from shop.api import admin, paging
from users.tests.clients import client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db]

ORDERS, MOST = 3000, 250
ADMIN = reverse("admin:orders_order_changelist")
STAFF = (
    "", "status=pending", "status=confirmed", "status=expired", "status=cancelled", "status=completed",
    "payment_status=unpaid", "payment_status=failed", "payment_status=refunded", "payment_status=paid",
    "fulfilment_status=partial", "fulfilment_status=returned", "fulfilment_status=delivered",
    "q=N000000777", "q=n00000150", "q=shopper77@example.com", "q=Shopper77@EXAMPLE", "q=sku-17", "q=no-such",
    "currency=USD", "total_min=504.00", "total_min=5.00&total_max=6.00",
    "placed_after=2030-01-01T00:00:00Z", "status=expired&payment_status=failed&q=sku-1",
)  # fmt: skip


@pytest.fixture
def world(monkeypatch):
    """Three thousand orders; a list counts at most a hundred, as it counts ten thousand of a million."""
    monkeypatch.setattr(paging.KeysetPagination, "most_counted", 100)
    customer = UserFactory()
    fill(ORDERS, template=place(variant(), variant()), user=customer.pk)
    return customer


def plans(client: Any, path: str) -> Iterator[dict[str, Any]]:
    asked = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        assert client.get(path).status_code == 200, path
    for sql, params in asked:
        if sql.lstrip().startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
                (found,) = cursor.fetchone()
                yield (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def visited(plan: dict[str, Any], table: str) -> int:
    """Return how many rows of a table the steps of a plan have looked at."""
    here = 0
    if plan.get("Relation Name") == table:
        looked = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        here = round(sum(plan.get(name, 0) for name in looked) * plan["Actual Loops"])
    return here + sum(visited(below, table) for below in plan.get("Plans", ()))


def most(client: Any, path: str) -> int:
    return max(
        visited(plan, table) for plan in plans(client, path) for table in ("orders_order", "orders_orderline")
    )


def test_lists_visit_few_rows(world):
    staff = client_of(StaffFactory(permissions=["orders.view_order"]))
    customer = client_of(world)

    read = {f"staff/?{query}": most(staff, f"{URL}staff/?{query}") for query in STAFF}
    read |= {query: most(customer, f"{URL}?{query}") for query in ("", "status=expired")}

    assert {path: rows for path, rows in read.items() if rows > MOST} == {}


def test_next_pages_and_the_admin_visit_few_rows(world, client, monkeypatch):
    monkeypatch.setattr(admin, "MOST_COUNTED", 100)
    staff = client_of(StaffFactory(permissions=["orders.view_order"]))
    client.force_login(StaffFactory(permissions=["orders.view_order"]))
    following = [
        staff.get(f"{URL}staff/?{query}").json()["next"]
        for query in ("", "status=completed", "payment_status=paid", "total_min=5.00")
    ]
    narrowed = (
        "",
        "status__exact=expired",
        "disputed__exact=1",
        "q=sku-17",
        "q=shopper77@",
        "total_from=504.00",
    )

    read = {path: most(staff, path) for path in following}
    read |= {query: most(client, f"{ADMIN}?{query}") for query in narrowed}

    assert {path: rows for path, rows in read.items() if rows > MOST} == {}


def test_control_a_plan_that_reads_all_is_noticed(world):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX orders_by_status")
    staff = client_of(StaffFactory(permissions=["orders.view_order"]))

    assert most(staff, f"{URL}staff/?status=expired") > ORDERS / 2
