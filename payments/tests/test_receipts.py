"""Receipts: numbered without gaps, issued once, never changed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from orders.errors import NotPaid
from orders.models import Order, OrderAddress
from orders.tests.factories import place
from payments import selectors, services
from payments.models import Payment, Receipt, ReceiptCounter
from payments.tests.paying import an_order, paid, started
from products.tests.factories import product, variant_data
from shop.core.errors import NotFound
from shop.core.transactions import use_case
from users.tests.races import together

pytestmark = pytest.mark.django_db


def issue(payment: Payment, now: datetime | None = None) -> Receipt:
    return use_case(services.issue_receipt, payment_id=payment.pk, now=now or timezone.now())


def shown(order: Order) -> selectors.IssuedReceipt:
    receipt = selectors.receipt_for_order(order.pk)
    assert receipt is not None
    return receipt


def settled(order: Order) -> Payment:
    """Return a payment that pays an order, written by hand: numbering needs no Stripe."""
    now = timezone.now()
    return Payment.objects.create(
        order=order,
        status="succeeded",
        amount=order.total,
        captured=order.total,
        currency=order.currency,
        pi_id=f"pi_{uuid4().hex}",
        pays_order=True,
        succeeded_at=now,
        created_at=now,
    )


class TestIssueReceipt:
    def test_says_everything_that_was_agreed(self, stripe):
        now = timezone.now()
        goods = product(variant_data(sku="LAMP", price=1990), name="Walnut lamp", now=now)
        order = place(goods.variants.get(), quantity=2, now=now)
        payment = paid(stripe, order)

        receipt = issue(payment, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))

        document = receipt.document
        assert (receipt.number, receipt.sequence, receipt.year) == ("R2026-000001", 1, 2026)
        assert (document["number"], document["issued_at"]) == ("R2026-000001", "2026-03-02T12:00:00+00:00")
        assert document["buyer"] == {
            "name": "Ada Lovelace",
            "vat_id": None,
            "company": "",
            "address_lines": ["Hauptstr. 1", "10115 Berlin", "DE"],
        }
        assert document["seller"]["name"] == "Fern & Oak"
        (line,) = document["lines"]
        assert (line["sku"], line["name"], line["quantity"]) == ("LAMP", "Walnut lamp", 2)
        assert (line["unit_price"], line["line_total"], line["tax_rate"]) == ("19.90", "39.80", "0.19")
        assert (document["subtotal"], document["shipping_total"], document["total"]) == (
            "39.80",
            "4.90",
            "44.70",
        )
        assert document["tax_lines"] == [
            {"name": "VAT", "rate": "0.19", "taxable": "37.57", "amount": "7.13"}
        ]
        assert (document["payment"]["method"], document["payment"]["last4"]) == ("card", "4242")

    def test_is_the_same_however_often_it_is_asked(self, stripe):
        payment = paid(stripe, an_order())

        first = issue(payment)
        # Whatever changes later, the paper stays.
        OrderAddress.objects.update(full_name="Somebody Else")

        assert issue(payment) == first
        assert issue(payment).document == first.document
        assert ReceiptCounter.objects.get().last == 1

    def test_gives_the_same_bytes_each_time(self, stripe):
        order = an_order()
        issue(paid(stripe, order))

        one, other = shown(order), shown(order)

        assert one.pdf()[:5] == b"%PDF-"
        assert one.pdf() == other.pdf()
        assert one.html() == other.html()
        assert one.number in one.html()

    def test_refuses_an_unpaid_one_and_takes_no_number(self, stripe):
        payment = started(an_order())

        with pytest.raises(NotPaid):
            issue(payment)

        assert not Receipt.objects.exists()
        assert not ReceiptCounter.objects.exists()

    def test_refuses_money_that_wasnt_kept(self):
        payment = settled(an_order())
        Payment.objects.update(pays_order=False)

        with pytest.raises(NotPaid):
            issue(payment)

    def test_knows_no_other_payment(self):
        with pytest.raises(NotFound):
            use_case(services.issue_receipt, payment_id=uuid4(), now=timezone.now())

    def test_counts_each_year_from_one(self):
        payments = [settled(an_order()) for _ in range(3)]

        numbers = [
            issue(payments[0], datetime(2026, 12, 31, 12, tzinfo=UTC)).number,
            issue(payments[1], datetime(2027, 1, 1, 12, tzinfo=UTC)).number,
            issue(payments[2], datetime(2027, 1, 2, 12, tzinfo=UTC)).number,
        ]

        assert numbers == ["R2026-000001", "R2027-000001", "R2027-000002"]

    def test_gives_a_number_back_when_it_comes_to_nothing(self):
        first, second = settled(an_order()), settled(an_order())
        with transaction.atomic():
            services.issue_receipt(payment_id=first.pk, now=timezone.now())
            transaction.set_rollback(True)

        assert issue(second).sequence == 1


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_leave_no_gap(self):
        payments = [settled(an_order()) for _ in range(20)]

        issued = together(20, lambda number: issue(payments[number]))

        assert sorted(receipt.sequence for receipt in issued) == list(range(1, 21))
        assert ReceiptCounter.objects.get().last == 20

    def test_get_one_receipt_for_one_payment(self):
        payment = settled(an_order())

        issued = together(20, lambda _: issue(payment))

        assert {receipt.number for receipt in issued} == {issued[0].number}
        assert (Receipt.objects.count(), ReceiptCounter.objects.get().last) == (1, 1)


class TestFreeOrders:
    def test_have_a_payment_that_carries_the_receipt(self):
        order = an_order()
        Order.objects.update(
            subtotal=0,
            shipping_total=0,
            discount_total=0,
            tax_total=0,
            tax_added=0,
            total=0,
            payment_status="paid",
        )

        for _ in range(2):
            use_case(services.record_free_payment, order_id=order.pk, now=timezone.now())

        payment = Payment.objects.get()
        assert (payment.provider, payment.amount, payment.pays_order) == ("free", 0, True)
        assert issue(payment).document["payment"]["method"] == "free"
        assert "Nothing to pay" in shown(order).html()

    def test_are_the_only_ones(self):
        order = an_order()

        use_case(services.record_free_payment, order_id=order.pk, now=timezone.now())

        assert not Payment.objects.exists()
