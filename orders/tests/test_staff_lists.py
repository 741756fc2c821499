"""The lists of all orders for staff, in pages and as a file."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from cart.models import Cart
from orders.models import Order
from orders.selectors import exporting
from orders.tests.backs import approve, ask, receive
from orders.tests.factories import paid, place
from orders.tests.parcels import deliver, ship
from orders.tests.shopping import URL, code
from products.tests.factories import NOW, variant
from shop.audit.models import AuditEntry
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

STAFF, EXPORT = f"{URL}staff/", f"{URL}export/"


@pytest.fixture
def staff():
    return client_of(StaffFactory(permissions=["orders.view_order"]))


def numbers(client, query=""):
    answer = client.get(f"{STAFF}?{query}")
    assert answer.status_code == 200, answer.json()
    return [order["number"] for order in answer.json()["results"]]


def export(client, query=""):
    answer = client.get(f"{EXPORT}?{query}")
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    assert text.endswith("\r\n")
    return answer, list(csv.DictReader(io.StringIO(text, newline="")))


class TestList:
    def test_shows_all_orders_newest_first_without_what_they_hold(self, staff):
        customer = UserFactory(email="bo@example.com")
        first = place(variant(), user=customer, email="bo@example.com")
        second = place(now=NOW + timedelta(hours=1))

        answer = staff.get(STAFF).json()

        assert [order["number"] for order in answer["results"]] == [second.number, first.number]
        assert (answer["count"], answer["next"], answer["previous"]) == (2, None, None)
        assert answer["results"][1] == {
            "id": str(first.pk), "number": first.number, "status": "pending", "payment_status": "unpaid",
            "fulfilment_status": "unfulfilled", "stage": "placed", "disputed": False, "user": str(customer.pk),
            "email": "bo@example.com", "language": "en", "total": "24.80", "refunded_total": "0.00",
            "currency": "EUR", "placed_at": "2026-03-02T12:00:00Z", "payment_due_at": "2026-03-02T12:30:00Z",
        }  # fmt: skip
        assert answer["results"][0]["user"] is None

    def test_finds_by_number_address_and_sku(self, staff):
        lamp, mug = variant(sku="GREEN-LAMP"), variant(sku="ada")
        ada = place(lamp, email="Ada@Example.com")
        bo = place(lamp, mug, email="bo%@example.com", now=NOW + timedelta(hours=1))

        found = {
            q: numbers(staff, f"q={q}")
            for q in (
                ada.number[:6].lower(), f"%20{bo.number}", "ADA@example.com", "ada@e", "bo%25", "b_",
                "green-lamp", "green", "ada", "%25", "nothing", "",
            )
        }  # fmt: skip

        assert found == {
            ada.number[:6].lower(): [ada.number],
            f"%20{bo.number}": [bo.number],
            "ADA@example.com": [ada.number],
            "ada@e": [ada.number],
            "bo%25": [bo.number],
            "b_": [],
            "green-lamp": [bo.number, ada.number],
            "green": [],
            # The beginning of one's address and the other's SKU.
            "ada": [bo.number, ada.number],
            "%25": [],
            "nothing": [],
            "": [bo.number, ada.number],
        }

    def test_is_narrowed_by_states_time_and_total(self, staff):
        dear, cheap = variant(price=90000), variant(price=500)
        sent = paid(dear)
        ship(sent)
        waiting = place(cheap, now=NOW + timedelta(hours=1))

        found = {
            query: numbers(staff, query)
            for query in (
                "status=confirmed", "payment_status=unpaid", "fulfilment_status=shipped", "status=expired",
                "placed_after=2026-03-02T12:30:00Z", "placed_before=2026-03-02T12:30:00Z", "total_min=904.90",
                "total_min=904.91", "total_max=9.90&currency=eur", "currency=USD", "total_min=1&currency=USD",
                f"status=pending&q={waiting.number}", f"status=confirmed&q={waiting.number}",
            )
        }  # fmt: skip

        assert list(found.values()) == [
            [sent.number], [waiting.number], [sent.number], [], [waiting.number], [sent.number], [sent.number],
            [], [waiting.number], [], [], [waiting.number], [],
        ]  # fmt: skip

    def test_goes_on_by_cursor_and_sends_as_many_statements_for_one_as_for_twenty(self, staff):
        orders = [place(variant(), now=NOW + timedelta(hours=n)) for n in range(3)]
        with statements() as one:
            first = staff.get(f"{STAFF}?page_size=1").json()
        with statements() as many:
            staff.get(f"{STAFF}?page_size=20")

        second = staff.get(first["next"]).json()

        assert [second["count"], second["results"][0]["number"]] == [3, orders[1].number]
        assert len(one) == len(many) == 5

    @pytest.mark.parametrize(
        ("query", "refusal"),
        [
            ("all=1", (400, "unknown_filter")),
            ("ordering=total", (400, "unknown_filter")),
            ("status=lost", (400, "validation_failed")),
            ("total_min=ten", (400, "validation_failed")),
            ("total_min=1.999", (400, "validation_failed")),
            ("currency=XYZ", (400, "validation_failed")),
            ("placed_after=yesterday", (400, "validation_failed")),
            ("q=" + "x" * 101, (400, "validation_failed")),
            ("q=a&q=b", (400, "validation_failed")),
        ],
    )
    def test_refuses_what_it_does_not_know(self, staff, query, refusal):
        assert code(staff.get(f"{STAFF}?{query}")) == refusal
        assert code(staff.get(f"{EXPORT}?{query}")) == refusal
        assert not AuditEntry.objects.filter(action="orders.exported").exists()


class TestExport:
    def test_has_a_row_for_each_line(self, staff):
        order = paid(
            variant(sku="LAMP", price=1990),
            variant(sku="MUG", price=500),
            quantity=2,
            email="ada@example.com",
        )
        ship(order)
        deliver(order)
        back = ask(order, [1, 0])
        approve(back)
        receive(back)
        place(now=NOW - timedelta(days=1))

        answer, rows = export(staff, "status=completed")

        assert list(rows[0]) == list(exporting.COLUMNS)
        line = order.lines.order_by("position")[0]
        assert rows[0] == {
            "number": order.number, "placed_at": "2026-03-02T12:00:00Z", "status": "completed",
            "payment_status": "paid", "fulfilment_status": "delivered", "disputed": "false",
            "email": "ada@example.com", "language": "en", "ship_to_full_name": "Ada Lovelace",
            "ship_to_company": "", "ship_to_line1": "Hauptstr. 1", "ship_to_line2": "",
            "ship_to_postal_code": "10115", "ship_to_city": "Berlin", "ship_to_region": "",
            "ship_to_country": "DE", "currency": "EUR", "sku": "LAMP", "name": line.name, "options": "",
            "quantity": "2", "shipped": "2", "cancelled": "0", "returned": "1", "unit_price": "19.90",
            "line_total": "39.80", "discount_amount": "0.00", "tax_amount": "6.35", "tax_name": line.tax_name,
            "tax_rate": "0.19", "order_subtotal": "49.80", "order_discount_total": "0.00",
            "order_shipping_total": "4.90", "order_tax_total": "8.73", "order_total": "54.70",
            "order_refunded_total": "0.00",
        }  # fmt: skip
        assert [row["sku"] for row in rows] == ["LAMP", "MUG"]
        assert {name for name in rows[1] if name.startswith("order_") and rows[1][name]} == set()
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="orders-')
        assert answer.headers["Cache-Control"] == "no-store"

    def test_has_no_cell_that_a_spreadsheet_takes_for_a_formula(self, staff):
        order = place()
        order.lines.update(sku="=1+1", name="@SUM(A1)", options={"-Size": "+1"})
        order.addresses.update(full_name='=HYPERLINK("http://evil")', company="\tx")

        _, (row,) = export(staff)

        said = [row[name] for name in ("sku", "name", "options", "ship_to_full_name", "ship_to_company")]
        assert said == ["'=1+1", "'@SUM(A1)", "'-Size: +1", '\'=HYPERLINK("http://evil")', "'\tx"]

    def test_is_written_down_without_what_was_looked_for(self):
        doer = StaffFactory(permissions=["orders.view_order"])

        export(client_of(doer), "q=ada@example.com&status=pending")

        (entry,) = AuditEntry.objects.filter(action="orders.exported")
        assert (entry.actor_id, entry.facts) == (doer.pk, {"narrowed_by": ["q", "status"]})

    def test_reads_two_statements_a_batch_and_leaves_nothing_out(self, staff, monkeypatch):
        monkeypatch.setattr(exporting, "BATCH", 2)
        lamp, mug = variant(on_hand=100), variant(on_hand=100)
        # At the same instant: keys tell them apart.
        made = [place(lamp, mug).number for _ in range(5)]

        with statements() as sent:
            _, rows = export(staff)

        assert sorted(row["number"] for row in rows) == sorted(made * 2)
        # Who asks, what they may, the entry in the record; then three batches.
        assert len(sent) == 3 + 1 + 3 * 2

    def test_accepts_what_asks_for_csv_or_for_anything(self, staff):
        for accept in ("text/csv", "*/*", "application/json"):
            assert staff.get(EXPORT, headers={"Accept": accept}).status_code == 200
        assert code(staff.get(f"{EXPORT}?page_size=5", headers={"Accept": "text/csv"})) == (
            400,
            "unknown_filter",
        )


@pytest.mark.parametrize("address", [STAFF, EXPORT])
class TestAccess:
    def test_is_for_staff_who_may_see_orders(self, address):
        place()
        answers = {
            "nobody": anonymous(),
            "customer": client_of(UserFactory(permissions=["orders.view_order"])),
            "staff": client_of(StaffFactory()),
            "staff who may change": client_of(StaffFactory(permissions=["orders.change_order"])),
        }

        refused = {who: code(client.get(address)) for who, client in answers.items()}

        assert refused.pop("nobody") == (401, "not_authenticated")
        assert set(refused.values()) == {(403, "permission_denied")}
        assert not AuditEntry.objects.filter(action="orders.exported").exists()

    def test_writes_nothing_else(self, address, staff):
        assert code(staff.post(address, {}))[0] in (403, 405)
        assert (Order.objects.count(), Cart.objects.count()) == (0, 0)
