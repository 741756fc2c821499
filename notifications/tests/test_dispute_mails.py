"""Mails to staff about disputes, from what Stripe says to the mailbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from notifications.models import EmailMessage
from notifications.tests.test_stock_mails import work
from orders.tests.factories import paid
from payments.models import Dispute, Payment
from payments.provider_books import ProviderDispute
from payments.services.disputing import apply_dispute
from shop.core.transactions import use_case

pytestmark = pytest.mark.django_db

DUE = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def outbox(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.STAFF_EMAIL = "staff@shop.example"


@pytest.fixture
def payment(db):
    order = paid()
    return Payment.objects.create(
        order=order,
        pi_id="pi_1",
        status="succeeded",
        amount=order.total,
        captured=order.total,
        currency="EUR",
        pays_order=True,
        succeeded_at=timezone.now(),
        created_at=timezone.now(),
    )


def hear(payment: Payment, status: str, minute: int = 0) -> None:
    """Take in how Stripe says that a dispute stands."""
    answer = ProviderDispute(
        id="dp_1",
        pi_id="pi_1",
        status=status,
        reason="product_not_received",
        amount=2480,
        currency="EUR",
        evidence_due_by=DUE,
        created=timezone.now(),
    )
    when = timezone.now() + timedelta(minutes=minute)
    use_case(apply_dispute, payment_id=payment.pk, answer=answer, now=when)
    work()


def of_staff() -> list[tuple[str, str]]:
    return [(str(one.subject), str(one.body)) for one in mail.outbox if one.to == ["staff@shop.example"]]


def test_staff_hear_what_is_disputed_and_until_when(payment):
    hear(payment, "needs_response")

    ((subject, body),) = of_staff()
    number = payment.order.number
    assert subject == f"Order {number} is disputed"
    assert "Through the bank somebody wants €24.80 back. The reason given: product not received." in body
    assert "The bank has taken the money until this is decided." in body
    assert "Evidence is taken until December 1, 2026" in body
    page = f"/admin/payments/dispute/{Dispute.objects.get().pk}/change/"
    assert f"http://127.0.0.1:8000{page}" in body


def test_staff_hear_how_it_ended_in_their_language(payment, settings):
    settings.LANGUAGE_CODE = "de"
    hear(payment, "warning_needs_response")
    hear(payment, "lost", minute=1)

    (opened, asked), (subject, body) = of_staff()
    number = payment.order.number
    assert opened == f"Zahlung der Bestellung {number} angefochten"
    assert "Bisher fragt die Bank nur nach" in asked
    assert subject == f"Anfechtung verloren: Bestellung {number}"
    assert "24,80\N{NO-BREAK SPACE}€ sind verloren." in body


def test_nobody_to_tell_is_said(payment, settings):
    settings.STAFF_EMAIL = ""

    hear(payment, "needs_response")

    assert of_staff() == []
    assert EmailMessage.objects.get(template="dispute_opened").error == "STAFF_EMAIL names nobody to tell."
