"""What the database itself refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from payments.models import Payment, PaymentException, Receipt, Refund, StripeEvent
from payments.tests.paying import an_order

pytestmark = pytest.mark.django_db


def payment(**values: Any) -> Payment:
    values.setdefault("order", None)
    values["order"] = values["order"] or an_order()
    return Payment.objects.create(**{"amount": 100, "currency": "EUR", "created_at": timezone.now()} | values)


def succeeded(**values: Any) -> Payment:
    return payment(**{"status": "succeeded", "succeeded_at": timezone.now(), "captured": 100} | values)


def refuses(make, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make()


class TestPayment:
    def test_is_the_orders_only_open_one(self):
        first = payment()

        refuses(lambda: payment(order=first.order, status="processing"), "order_id|one_open_an_order")
        payment(order=first.order, status="canceled", canceled_at=timezone.now())

    def test_alone_pays_the_order(self):
        first = succeeded(pays_order=True)

        refuses(lambda: succeeded(order=first.order, pays_order=True), "order_id|one_pays_an_order")
        succeeded(order=first.order)

    def test_has_an_intent_of_its_own(self):
        payment(pi_id="pi_1")

        refuses(lambda: payment(pi_id="pi_1"), "pi_id")

    @pytest.mark.parametrize(
        ("values", "constraint"),
        [
            ({"pays_order": True}, "pays_when_succeeded"),
            ({"amount": 0}, "free_is_nothing"),
            ({"provider": "free"}, "free_is_nothing"),
            ({"status": "succeeded"}, "captured_when_succeeded"),
            ({"captured": 1}, "captured_when_succeeded"),
            ({"status": "canceled"}, "canceled_at_when_canceled"),
            (
                {"captured": -1, "status": "succeeded", "succeeded_at": timezone.now()},
                "captured_not_negative",
            ),
        ],
    )
    def test_is_what_it_says(self, values, constraint):
        refuses(lambda: payment(**values), constraint)


class TestRefund:
    @pytest.mark.parametrize(
        ("values", "constraint"),
        [
            ({"amount": 0}, "of_something"),
            ({"state": "sent"}, "known_to_stripe"),
            ({"state": "failed"}, "finished_when_final"),
            ({"finished_at": timezone.now()}, "finished_when_final"),
        ],
    )
    def test_is_what_it_says(self, values, constraint):
        of = succeeded()
        base = {
            "payment": of,
            "amount": 1,
            "currency": "EUR",
            "reason": "staff",
            "created_at": timezone.now(),
        }

        refuses(lambda: Refund.objects.create(**base | values), constraint)


class TestPaymentException:
    def one(self, **values: Any) -> PaymentException:
        base = {
            "kind": "out_of_stock",
            "pi_id": "pi_1",
            "amount": 1,
            "currency": "EUR",
            "opened_at": timezone.now(),
        }
        return PaymentException.objects.create(**base | values)

    def test_is_the_intents_only_one(self):
        self.one()

        refuses(lambda: self.one(kind="amount_mismatch"), "pi_id|one_an_intent")

    def test_of_a_refund_names_it(self):
        refuses(lambda: self.one(kind="refund_failed"), "names_its_refund")

    def test_knows_when_it_was_resolved(self):
        refuses(lambda: self.one(state="resolved"), "resolved_at_when_resolved")


def test_a_webhook_is_due_until_it_is_processed():
    now = timezone.now()
    base = {"type": "x", "livemode": False, "created": now, "received_at": now}

    refuses(lambda: StripeEvent.objects.create(id="evt_1", **base), "due_until_processed")
    refuses(
        lambda: StripeEvent.objects.create(id="evt_1", processed_at=now, next_attempt_at=now, **base),
        "due_until_processed",
    )


def test_a_receipts_number_is_its_own():
    now = timezone.now()
    base = {"series": "R", "year": 2026, "sequence": 1, "document": {}, "issued_at": now}
    Receipt.objects.create(payment=succeeded(), number="R2026-000001", **base)

    refuses(
        lambda: Receipt.objects.create(payment=succeeded(), number="R2026-1", **base),
        "sequence|once_a_number",
    )
