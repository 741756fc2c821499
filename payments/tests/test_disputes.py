"""Disputes: seen at once, put before staff, never moving stock, and never refunded twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import Order
from orders.tests.factories import ship
from payments import books, services
from payments.errors import PaymentDisputed
from payments.models import Dispute, Payment, PaymentException, Refund, StripeEvent
from payments.services.disputing import apply_dispute
from payments.services.refunding import left_of
from payments.tests.paying import an_order, confirm, deliver, events, paid, started
from products.models import StockMovement
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from tests.stripe_fake_shop import call
from users import ports
from users.tests.factories import SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db


def disputed(stripe, *, is_inquiry: bool = False, **values) -> tuple[Order, Payment, str]:
    """Return an order whose payment is disputed at Stripe, before anybody here knows."""
    order = an_order(**values)
    payment = paid(stripe, order)
    return order, payment, stripe.open_dispute(payment.charge_id, is_inquiry=is_inquiry)["id"]


def tell(stripe, *names: str) -> None:
    for name in names:
        for event in events(stripe, f"charge.dispute.{name}"):
            deliver(stripe, event)


def ask(payment: Payment, amount: int | None = None) -> None:
    use_case(
        services.request_refund,
        payment_id=payment.pk,
        amount=amount,
        reason=Refund.Reason.STAFF,
        actor_id=None,
        now=timezone.now(),
    )


def told() -> list[str]:
    rows = OutboxEvent.objects.filter(type__startswith="payments.dispute").order_by("pk")
    return [row.payload.get("outcome", "opened") for row in rows]


def is_flagged(order: Order) -> bool:
    order.refresh_from_db()
    return order.disputed


class TestOpened:
    def test_is_kept_with_its_date_and_flags_the_order(self, stripe):
        order, payment, stripe_id = disputed(stripe)
        moved = StockMovement.objects.count()

        for _ in range(2):
            tell(stripe, "created", "funds_withdrawn")

        dispute = Dispute.objects.get()
        assert (dispute.stripe_id, dispute.payment, dispute.amount) == (stripe_id, payment, 2480)
        assert (dispute.state, dispute.status, dispute.reason) == ("opened", "needs_response", "fraudulent")
        due = stripe.get(stripe_id)["evidence_details"]["due_by"]
        assert dispute.evidence_due_by is not None
        assert (dispute.evidence_due_by.timestamp(), dispute.is_inquiry) == (due, False)
        assert (is_flagged(order), order.payment_status, order.status) == (True, "paid", "confirmed")
        assert (told(), StockMovement.objects.count()) == (["opened"], moved)
        assert not StripeEvent.objects.filter(processed_at__isnull=True).exists()

    def test_keeps_its_money_from_being_refunded(self, stripe):
        _, payment, _ = disputed(stripe)
        tell(stripe, "created")

        with pytest.raises(PaymentDisputed):
            ask(payment, 100)

        assert not Refund.objects.exists()

    def test_by_an_inquiry_may_be_ended_by_a_refund(self, stripe):
        _, payment, _ = disputed(stripe, is_inquiry=True)
        tell(stripe, "created")
        assert Dispute.objects.get().is_inquiry

        ask(payment)
        services.send_refunds(now=timezone.now())

        assert Refund.objects.get().state == "succeeded"

    def test_while_a_refund_waits_puts_that_before_staff(self, stripe):
        _, payment, _ = disputed(stripe)
        ask(payment, 100)

        services.send_refunds(now=timezone.now())

        assert (Refund.objects.get().state, PaymentException.objects.get().kind) == (
            "failed",
            "refund_failed",
        )

    def test_before_the_payments_own_success_was_known_settles_that_first(self, stripe):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment)
        stripe.open_dispute(stripe.get(payment.pi_id)["latest_charge"])

        tell(stripe, "created")

        payment.refresh_from_db()
        assert (payment.status, is_flagged(order)) == ("succeeded", True)

    def test_finds_a_payment_whose_intent_was_never_stored(self, stripe):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment)
        Payment.objects.update(pi_id=None)
        stripe.open_dispute(stripe.get(payment.pi_id)["latest_charge"])

        tell(stripe, "created")

        assert (Dispute.objects.get().payment, is_flagged(order)) == (payment, True)

    def test_about_somebody_elses_payment_is_ignored(self, stripe):
        form = {"amount": 700, "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
        call(stripe, "POST", "/v1/payment_intents", form, key="sk_test_other")
        stripe.open_dispute(stripe.ledger("charge")[0]["id"])

        tell(stripe, "created")

        assert StripeEvent.objects.get().ignored == "not ours"
        assert not Dispute.objects.exists()


class TestClosed:
    def test_as_won_is_as_if_nothing_had_been(self, stripe):
        order, payment, stripe_id = disputed(stripe)
        tell(stripe, "created")
        stripe.close_dispute(stripe_id, "won")

        tell(stripe, "closed", "funds_reinstated")

        dispute = Dispute.objects.get()
        assert (dispute.state, dispute.closed_at is not None) == ("won", True)
        assert (is_flagged(order), told()) == (False, ["opened", "won"])
        assert left_of(payment) == 2480

    def test_as_lost_leaves_nothing_to_refund(self, stripe):
        order, payment, stripe_id = disputed(stripe)
        moved = StockMovement.objects.count()
        tell(stripe, "created")
        stripe.close_dispute(stripe_id, "lost")

        tell(stripe, "closed")

        assert (Dispute.objects.get().state, is_flagged(order), told()) == ("lost", False, ["opened", "lost"])
        assert (order.payment_status, order.refunded_total, left_of(payment)) == ("paid", 0, 0)
        assert StockMovement.objects.count() == moved

    def test_is_told_whatever_order_the_news_come_in(self, stripe):
        order, _, stripe_id = disputed(stripe)
        stripe.close_dispute(stripe_id, "lost")

        tell(stripe, "closed", "funds_withdrawn", "created")

        assert (Dispute.objects.get().state, told(), is_flagged(order)) == ("lost", ["opened", "lost"], False)

    def test_isnt_undone_by_an_answer_to_an_older_question(self, stripe):
        order, payment, stripe_id = disputed(stripe)
        asked_at, old = timezone.now(), books.retrieve_dispute(stripe_id)
        stripe.close_dispute(stripe_id, "won")
        services.settle_dispute(stripe_id=stripe_id, now=timezone.now())

        use_case(apply_dispute, payment_id=payment.pk, answer=old, now=asked_at - timedelta(seconds=1))

        assert (Dispute.objects.get().state, is_flagged(order)) == ("won", False)

    def test_may_be_opened_again_when_the_bank_goes_on(self, stripe):
        order, _, stripe_id = disputed(stripe, is_inquiry=True)
        stripe.close_dispute(stripe_id, "lost")
        tell(stripe, "closed")
        assert (Dispute.objects.get().state, is_flagged(order)) == ("won", False)

        with stripe._world.ledger.lock:
            stripe._world.change(stripe._found(stripe_id), status="needs_response")
        tell(stripe, "created")

        dispute = Dispute.objects.get()
        assert (dispute.state, dispute.closed_at, is_flagged(order)) == ("opened", None, True)
        assert told() == ["opened", "won", "opened"]

    def test_lets_an_account_be_erased(self, stripe):
        user = UserFactory()
        order, _, stripe_id = disputed(stripe, user=user)
        ship(order, "shipped", "delivered", now=timezone.now())
        tell(stripe, "created")
        blocked = f"The payment of order {order.number} is disputed."
        assert blocked in _blockers(user)

        stripe.close_dispute(stripe_id, "won")
        tell(stripe, "closed")

        assert blocked not in _blockers(user)


def test_staff_see_first_what_is_to_be_answered_first(stripe):
    now = timezone.now()
    payment = paid(stripe, an_order())
    common = {"payment": payment, "amount": 0, "currency": "EUR", "opened_at": now, "as_of": now}
    for name, days, state in (("late", 9, "opened"), ("soon", 2, "opened"), ("over", 1, "won")):
        Dispute.objects.create(
            stripe_id=name,
            reason=name,
            state=state,
            evidence_due_by=now + timedelta(days=days),
            closed_at=now if state == "won" else None,
            **common,
        )
    client = Client()
    client.force_login(SuperuserFactory())

    page = client.get("/admin/payments/dispute/")

    assert [row.reason for row in page.context["cl"].result_list] == ["soon", "late", "over"]
    assert client.get("/admin/payments/dispute/add/").status_code == 403
    Dispute.objects.all().delete()


def _blockers(user) -> list[str]:
    return [
        sentence for part in ports.personal_data.receivers() for sentence in part.blockers(user_id=user.pk)
    ]
