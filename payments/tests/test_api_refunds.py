"""Refunds over HTTP: who may, how much, for which lines, and once a key."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from orders.models import Order, OrderMove
from orders.tests.factories import place
from orders.tests.parcels import counters, ship
from payments import services
from payments.models import CreditNote, Payment, Receipt, Refund
from payments.sheet import credit_note_sheet
from payments.tests.paying import an_order, paid
from payments.tests.test_events import spread
from products.models import StockItem
from products.tests.factories import variant
from shop.audit.models import AuditEntry
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

# Three at 19.90 and 4.90 for shipping.
TOTAL, UNIT = 6460, 1990


@pytest.fixture
def clerk():
    return client_of(StaffFactory(permissions=["payments.add_refund", "payments.view_refund"]))


def url(payment: Payment) -> str:
    return f"/api/v1/payments/{payment.pk}/refunds/"


def post(client, payment: Payment, key: str = "", **body):
    return client.post(url(payment), body, headers={"Idempotency-Key": key or str(uuid4())})


def three(stripe) -> tuple[Order, Payment, str]:
    """Return a paid order of three units, its payment, and the id of its line."""
    order = place(variant(now=timezone.now()), quantity=3, now=timezone.now())
    return order, paid(stripe, order), str(order.lines.get().pk)


def send() -> None:
    spread()
    services.send_refunds(now=timezone.now())


def amounts() -> list[tuple[int, str]]:
    return list(Refund.objects.order_by("amount").values_list("amount", "reason"))


class TestAnAmount:
    def test_is_asked_for_and_sent(self, stripe, clerk):
        order = an_order()
        payment = paid(stripe, order)

        answer = post(clerk, payment, amount="4.80", reason="Scratched lid")

        refund = Refund.objects.get()
        said = answer.json()
        assert answer.status_code == 201
        assert said.pop("created_at")
        assert said == {
            "id": str(refund.pk),
            "payment": str(payment.pk),
            "status": "requested",
            "amount": "4.80",
            "currency": "EUR",
            "cause": "staff",
            "reason": "Scratched lid",
            "lines": [],
            "error": None,
            "finished_at": None,
        }
        entry = AuditEntry.objects.get(action="payments.refund_requested")
        assert (entry.actor_id, entry.facts["amount"]) == (refund.actor_id, 480)
        send()
        (listed,) = clerk.get(url(payment)).json()["results"]
        assert (listed["id"], listed["status"]) == (str(refund.pk), "succeeded")
        order.refresh_from_db()
        assert (order.payment_status, order.refunded_total) == ("partially_refunded", 480)

    def test_left_out_is_all_that_is_left(self, stripe, clerk):
        payment = paid(stripe, an_order())
        post(clerk, payment, amount="4.80")

        assert post(clerk, payment).json()["amount"] == "20.00"

        refused = post(clerk, payment, amount="0.01")
        assert (refused.status_code, refused.json()["code"]) == (422, "refund_too_large")
        assert (refused.json()["left"], refused.json()["currency"]) == ("0.00", "EUR")
        assert Refund.objects.count() == 2

    def test_is_refunded_once_a_key(self, stripe, clerk):
        payment = paid(stripe, an_order())

        first = post(clerk, payment, "one-key", amount="4.80")
        again = post(clerk, payment, "one-key", amount="4.80")
        other = post(clerk, payment, "one-key", amount="4.90")

        assert (again.status_code, again.content) == (201, first.content)
        assert again["Idempotent-Replayed"] == "true"
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert Refund.objects.count() == 1

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"amount": "0.00"}, "amount"),
            ({"amount": "-1.00"}, "amount"),
            ({"amount": "1.001"}, "amount"),
            ({"amount": 4.8}, "amount"),
            ({"amount": "1.00", "lines": [{"line": str(uuid4()), "quantity": 1}]}, "amount"),
            ({"amount": "1.00", "restock": True}, "restock"),
            ({"lines": []}, "lines"),
            ({"lines": [{"line": str(uuid4()), "quantity": 1}]}, "lines.0.line"),
            ({"lines": [{"line": str(uuid4()), "quantity": 0}]}, "lines.0.quantity"),
            ({"reason": "x" * 201}, "reason"),
        ],
    )
    def test_that_makes_no_sense_is_refused(self, stripe, clerk, body, field):
        payment = paid(stripe, an_order())

        answer = post(clerk, payment, **body)

        assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
        assert field in [error["field"] for error in answer.json()["errors"]]
        assert not Refund.objects.exists()

    def test_needs_a_key(self, stripe, clerk):
        answer = clerk.post(url(paid(stripe, an_order())), {"amount": "4.80"})

        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


class TestLines:
    def test_give_back_what_they_are_worth_and_stay_in_the_order(self, stripe, clerk):
        order, payment, line = three(stripe)

        answer = post(clerk, payment, lines=[{"line": line, "quantity": 2}])

        assert answer.json()["lines"] == [{"line": line, "quantity": 2}]
        send()
        assert amounts() == [(2 * UNIT, "staff")]
        assert counters(order) == [(0, 0, 0)]
        spread()
        document = CreditNote.objects.get().document
        sold = order.lines.get()
        assert document["lines"] == [
            {"sku": sold.sku, "name": sold.name, "options": sold.options, "quantity": 2}
        ]
        sheet = credit_note_sheet(document, Receipt.objects.get().document)
        assert [(line.name, line.quantity, line.amount) for line in sheet.lines] == [
            (sold.name, "2", ""),
            ("Refund", "", "€39.80"),
        ]

    def test_have_units_left_only_once(self, stripe, clerk):
        order, payment, line = three(stripe)
        ship(order, [3], now=timezone.now())
        post(clerk, payment, lines=[{"line": line, "quantity": 2}])

        refused = post(clerk, payment, lines=[{"line": line, "quantity": 2}])
        last = post(clerk, payment, lines=[{"line": line, "quantity": 1}])

        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "max_value")
        assert (last.status_code, last.json()["amount"]) == (201, "19.90")

    def test_that_werent_sent_go_back_to_stock_when_asked_and_are_paid_back_once(self, stripe, clerk):
        order, payment, line = three(stripe)
        before = StockItem.objects.get().on_hand

        answer = post(clerk, payment, lines=[{"line": line, "quantity": 2}], restock=True)

        assert (answer.status_code, answer.json()["amount"]) == (201, "39.80")
        assert (counters(order), StockItem.objects.get().on_hand) == ([(0, 2, 0)], before + 2)
        send()
        assert amounts() == [(2 * UNIT, "staff")]
        order.refresh_from_db()
        assert (order.status, order.refunded_total) == ("confirmed", 2 * UNIT)

    def test_that_are_all_of_an_order_cancel_it_and_the_shipping_goes_back_too(self, stripe, clerk):
        order, payment, line = three(stripe)

        post(clerk, payment, lines=[{"line": line, "quantity": 3}], restock=True, reason="Sold out")
        send()

        order.refresh_from_db()
        assert (order.status, order.payment_status, order.refunded_total) == ("cancelled", "refunded", TOTAL)
        assert amounts() == [(490, "order_cancelled"), (3 * UNIT, "staff")]
        assert OrderMove.objects.filter(order=order, to_state="cancelled", cause="Sold out").exists()

    def test_that_were_sent_cant_be_restocked(self, stripe, clerk):
        order, payment, line = three(stripe)
        ship(order, [2], now=timezone.now())

        answer = post(clerk, payment, lines=[{"line": line, "quantity": 2}], restock=True)

        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "max_value")
        assert (amounts(), counters(order)) == ([], [(2, 0, 0)])

    def test_of_a_payment_that_wasnt_wanted_are_refused(self, stripe, clerk):
        order = an_order()
        payment = paid(stripe, order)
        Payment.objects.update(pays_order=False)

        answer = post(clerk, payment, lines=[{"line": str(order.lines.get().pk), "quantity": 1}])

        assert answer.json()["errors"][0]["field"] == "lines"
        Payment.objects.update(pays_order=True)


@pytest.mark.once
@pytest.mark.parametrize(
    ("who", "reads", "asks"),
    [
        (None, 401, 401),
        (lambda order: order.user, 403, 403),
        (lambda order: StaffFactory(), 403, 403),
        (lambda order: StaffFactory(permissions=["payments.view_refund"]), 200, 403),
        (lambda order: StaffFactory(permissions=["payments.add_refund"]), 403, 201),
    ],
)
def test_only_staff_with_the_permission_see_and_ask(stripe, who, reads, asks):
    order = an_order(user=UserFactory())
    payment = paid(stripe, order)
    client = client_of(who(order)) if who else anonymous()

    assert client.get(url(payment)).status_code == reads
    assert post(client, payment, amount="1.00").status_code == asks

    assert Refund.objects.count() == (asks == 201)


def test_a_payment_that_isnt_there_is_not_found(stripe, clerk):
    payment = Payment(pk=uuid4())

    assert (clerk.get(url(payment)).status_code, post(clerk, payment).status_code) == (404, 404)
