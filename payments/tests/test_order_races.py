"""An order that ends while Stripe tells that it was paid: whatever wins, no money is kept for nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from orders import services as orders
from orders.models import Order, OrderMove
from orders.services import ending
from orders.tests.invariants import check_at_rest, check_invariants
from orders.tests.test_races import outcome
from payments import services
from payments.models import Payment, PaymentException, Refund
from payments.tests.invariants import CHECKS
from payments.tests.paying import an_order, confirm, deliver, events, started
from payments.tests.test_events import spread
from users.tests.races import together

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]


def told_of_success(stripe: Any, order: Order) -> dict[str, Any]:
    """Return the webhook of an order that was just paid at Stripe."""
    payment = started(order)
    confirm(stripe, payment)
    told = events(stripe, "payment_intent.succeeded")
    return next(event for event in told if event["data"]["object"]["id"] == payment.pi_id)


def cancel(order: Order) -> str:
    try:
        return outcome(orders.cancel_order, order_id=order.pk, actor=orders.Actor())
    except IntegrityError as error:
        return type(error).__name__


def expire(order: Order) -> str:
    try:
        return outcome(orders.expire, order_id=order.pk)
    except IntegrityError as error:
        return type(error).__name__


class TestCancelAndWebhook:
    def test_leave_a_cancelled_order_and_all_money_back(self, stripe):
        for _ in range(4):
            order = an_order()
            event = told_of_success(stripe, order)

            def either(number: int, order: Order = order, event: Any = event) -> Any:
                return deliver(stripe, event) if number else cancel(order)

            cancelled, _ = together(2, either)
            spread()
            services.send_refunds(now=timezone.now())

            order.refresh_from_db()
            payment = Payment.objects.get(order=order)
            kinds = list(PaymentException.objects.filter(payment=payment).values_list("kind", flat=True))
            assert (cancelled, order.status, order.payment_status, payment.pays_order, kinds) in (
                ("ok", "cancelled", "refunded", True, []),
                ("ok", "cancelled", "unpaid", False, ["order_cancelled"]),
            )
            assert Refund.objects.get(payment=payment).amount == order.total
            check_at_rest()
            check_invariants(CHECKS)

    @pytest.mark.parametrize("end", [cancel, expire])
    @pytest.mark.parametrize(
        ("is_guarded", "said"), [(True, "transition_not_allowed"), (False, "IntegrityError")]
    )
    def test_negative_control_without_the_lock_the_move_meets_another_order(
        self, stripe, monkeypatch, is_guarded, said, end
    ):
        """Without the lock, the move's own condition refuses; without that too, the history's key does."""
        order = an_order()
        event = told_of_success(stripe, order)
        has_read, is_paid = threading.Event(), threading.Event()

        def unlocked(order_id: Any) -> Order:
            found = Order.objects.get(pk=order_id)
            has_read.set()
            is_paid.wait(timeout=30)
            return found

        monkeypatch.setattr(ending, "locked", unlocked)
        if not is_guarded:
            monkeypatch.setattr(ending, "move", unguarded)

        def either(number: int) -> Any:
            if not number:
                return end(order)
            has_read.wait(timeout=30)
            deliver(stripe, event)
            return is_paid.set()

        assert together(2, either)[0] == said
        order.refresh_from_db()
        assert (order.status, order.payment_status) == ("confirmed", "paid")


def unguarded(order: Order, axis: str, to: str, *, actor: Any, now: Any) -> None:
    version, here = order.version + 1, getattr(order, axis)
    Order.objects.filter(pk=order.pk).update(**{axis: to}, version=version)
    OrderMove.objects.create(
        order=order, version=version, axis=axis, from_state=here, to_state=to, actor=actor.kind, at=now
    )
