"""What staff see and may do."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from payments.models import PaymentException, Refund
from payments.tests.paying import an_order, paid
from users.tests.factories import SuperuserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    client = Client()
    client.force_login(SuperuserFactory())
    return client


def act(client, model: str, action: str, *rows):
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(f"/admin/payments/{model}/", data, follow=True)


@pytest.mark.parametrize("model", ["payment", "refund", "paymentexception", "stripeevent", "receipt"])
def test_ledgers_are_read_only(staff, stripe, model):
    paid(stripe, an_order())

    assert staff.get(f"/admin/payments/{model}/").status_code == 200
    assert staff.get(f"/admin/payments/{model}/add/").status_code == 403


def test_a_payment_can_be_refunded_once(staff, stripe):
    payment = paid(stripe, an_order())

    act(staff, "payment", "refund_fully", payment)
    page = act(staff, "payment", "refund_fully", payment)

    refund = Refund.objects.get()
    assert (refund.amount, refund.state, refund.reason) == (2480, "requested", "staff")
    assert refund.actor_id is not None
    assert "At most 0.00 EUR can be refunded." in page.content.decode()


def test_an_exception_can_be_resolved(staff, db):
    exception = PaymentException.objects.create(
        kind="unknown_order", pi_id="pi_1", amount=1, currency="EUR", opened_at=timezone.now()
    )

    act(staff, "paymentexception", "resolve", exception)

    exception.refresh_from_db()
    assert (exception.state, exception.resolved_by is not None) == ("resolved", True)
