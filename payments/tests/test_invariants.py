"""The checker itself: each invariant of the money notices what breaks it."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.models import F

from orders import services
from orders.models import Order
from orders.tests.factories import paid, place
from orders.tests.invariants import check_invariants
from payments.models import Payment, PaymentException, Refund
from payments.tests.invariants import CHECKS
from products.tests.factories import NOW

# Checks of the database would refuse most of this; SQLite can be told not to.
pytestmark = [pytest.mark.django_db, pytest.mark.needs_sqlite]

CORRUPTIONS = {
    "M4": lambda: Refund.objects.update(currency="USD"),
    "M7 taken": lambda: Refund.objects.filter(state="requested").update(amount=2480),
    "M7 orders": lambda: Order.objects.update(refunded_total=F("refunded_total") + 1),
    "P2": lambda: PaymentException.objects.all().delete(),
    "P3": lambda: Payment.objects.update(pays_order=False),
}


def taken(order: Order, *, pays: bool) -> Payment:
    return Payment.objects.create(
        order=order, status="succeeded", amount=order.total, currency="EUR", captured=order.total,
        pays_order=pays, succeeded_at=NOW, created_at=NOW, pi_id=f"pi_{order.number}",
    )  # fmt: skip


def some_money() -> None:
    """Make an order of which money goes back, in part, and one whose money wasn't wanted."""
    payment = taken(paid(), pays=True)
    refund = {"payment": payment, "currency": "EUR", "reason": "staff", "created_at": NOW}
    Refund.objects.create(amount=480, state="succeeded", stripe_id="re_1", finished_at=NOW, **refund)
    Refund.objects.create(amount=20, **refund)
    with transaction.atomic():
        services.refunded(order_id=payment.order_id, refunded_total=480, now=NOW)
    unwanted = taken(place(), pays=False)
    PaymentException.objects.create(
        kind="order_cancelled", payment=unwanted, amount=1, currency="EUR", opened_at=NOW
    )


def test_each_invariant_notices_what_breaks_it():
    some_money()
    check_invariants(CHECKS)
    unseen = []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            for name, corrupt in CORRUPTIONS.items():
                before = transaction.savepoint()
                corrupt()
                unseen += [] if CHECKS[name]() else [name]
                transaction.savepoint_rollback(before)
        finally:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")

    assert unseen == []
    assert CORRUPTIONS.keys() == CHECKS.keys()
    check_invariants(CHECKS)
