"""Both ledgers side by side: what differs is seen, repaired as a webhook would, or put before staff."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from orders.models import Order
from payments import books, selectors, services
from payments.errors import GatewayUnavailable
from payments.jobs import reconcile_payments
from payments.models import Dispute, Payment, PaymentException, Reconciliation, Refund
from payments.services import Findings
from payments.tests.paying import an_order, confirm, dashboard_refund, paid, started
from shop.core.transactions import TransactionForbidden, use_case
from shop.events.models import OutboxEvent
from tests.stripe_fake_shop import call
from users.tests.factories import SuperuserFactory

pytestmark = pytest.mark.django_db


def reconcile(*, fix: bool = False, now: datetime | None = None, days: int = 7) -> Findings:
    now = now or timezone.now()
    return services.reconcile(since=now - timedelta(days=days), fix=fix, now=now)


def said(rows) -> list[tuple[str, str, str, str]]:
    return sorted((one.thing, one.kind, one.here, one.there) for one in rows)


def unheard(stripe) -> tuple[Order, Payment]:
    """Return an order that was paid at Stripe without anybody here having heard of it, and its payment."""
    order = an_order()
    payment = started(order)
    confirm(stripe, payment)
    return order, payment


def stranger(stripe, **metadata: str) -> str:
    """Return an intent that some other program has been paid by."""
    form = {"amount": 700, "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
    form |= {f"metadata[{name}]": value for name, value in metadata.items()}
    _, body, _ = call(stripe, "POST", "/v1/payment_intents", form, key="sk_test_other")
    return json.loads(body)["id"]


class TestWhatAgrees:
    def test_is_nothing_to_tell(self, stripe):
        payment = paid(stripe, an_order())
        dashboard_refund(stripe, payment, 480)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())
        dispute = stripe.open_dispute(payment.charge_id, amount=100)["id"]
        stripe.close_dispute(dispute, "lost")
        services.settle_dispute(stripe_id=dispute, now=timezone.now())
        started(an_order())
        asked = len(stripe.requests)

        findings = reconcile(fix=True)

        assert (findings.left_open, findings.repaired) == ([], [])
        assert findings.looked_at == {"intents": 2, "charges": 1, "refunds": 1, "disputes": 1}
        assert len(stripe.requests) == asked + 4
        run = Reconciliation.objects.get()
        assert (run.found, run.left_open, run.fixing, run.finished_at is not None) == (0, 0, True, True)

    def test_is_somebody_elses_business_too(self, stripe):
        stranger(stripe)
        stranger(stripe, order="42")

        findings = reconcile(fix=True)

        assert (findings.left_open, findings.looked_at["intents"]) == ([], 2)
        assert not PaymentException.objects.exists()

    def test_is_read_page_by_page(self, stripe, monkeypatch):
        monkeypatch.setattr(books, "_PAGE", 1)
        for _ in range(3):
            paid(stripe, an_order())

        assert reconcile().looked_at == {"intents": 3, "charges": 3, "refunds": 0, "disputes": 0}


class TestWhatNobodyHasHeardOf:
    def test_is_told_and_left_as_it_is_without_being_asked_to_repair(self, stripe):
        order, payment = unheard(stripe)
        before = OutboxEvent.objects.count()

        findings = reconcile()

        assert said(findings.left_open) == [("intent", "state", "requires_payment", "succeeded")]
        order.refresh_from_db()
        payment.refresh_from_db()
        assert (order.payment_status, payment.status) == ("unpaid", "requires_payment")
        assert (OutboxEvent.objects.count(), Reconciliation.objects.get().left_open) == (before, 1)

    def test_is_repaired_by_what_a_webhook_would_have_done(self, stripe):
        order, _ = unheard(stripe)
        known = paid(stripe, an_order())
        dashboard_refund(stripe, known, 480)
        stripe.open_dispute(known.charge_id, amount=300)

        findings = reconcile(fix=True)

        assert findings.left_open == []
        assert said(findings.repaired) == [
            ("dispute", "unmatched", "nothing", "opened 3.00 EUR"),
            ("intent", "state", "requires_payment", "succeeded"),
            ("refund", "unmatched", "nothing", "succeeded 4.80 EUR"),
        ]
        order.refresh_from_db()
        assert (order.payment_status, Refund.objects.get().amount) == ("paid", 480)
        assert (Dispute.objects.get().state, known.order.payment_status) == ("opened", "partially_refunded")
        assert reconcile(fix=True).repaired == []

    def test_is_found_by_the_job(self, stripe):
        unheard(stripe)

        assert reconcile_payments(timezone.now()) == 1

    def test_may_be_an_intent_whose_id_was_never_stored(self, stripe):
        _, payment = unheard(stripe)
        pi_id = payment.pi_id
        Payment.objects.update(pi_id=None)

        findings = reconcile(fix=True)

        payment.refresh_from_db()
        assert said(findings.repaired) == [("intent", "unmatched", "nothing", "succeeded")]
        assert (payment.pi_id, payment.status, findings.left_open) == (pi_id, "succeeded", [])

    def test_may_have_happened_to_an_older_payment(self, stripe):
        payment = paid(stripe, an_order())
        dashboard_refund(stripe, payment, 480)
        with stripe._world.ledger.lock:
            old = stripe.get(payment.pi_id)["created"] - 30 * 86400
            stripe._world.change(stripe._found(payment.pi_id), created=old)
        Payment.objects.update(created_at=timezone.now() - timedelta(days=30))

        assert said(reconcile(fix=True).repaired) == [
            ("refund", "unmatched", "nothing", "succeeded 4.80 EUR")
        ]


class TestWhatCantBeRepaired:
    def test_is_an_exception_until_staff_have_dealt_with_it(self, stripe):
        payment = started(an_order())
        pi_id = payment.pi_id
        Payment.objects.update(pi_id="pi_gone")

        for _ in range(2):
            findings = reconcile(fix=True)
            assert said(findings.left_open) == [("intent", "unmatched", "requires_payment", "nothing")]
        exception = PaymentException.objects.get()
        assert (exception.kind, exception.pi_id, exception.payment) == ("unreconciled", "pi_gone", payment)
        use_case(services.resolve_exception, exception_id=exception.pk, actor_id=None, now=timezone.now())

        assert reconcile(fix=True).left_open == []
        Payment.objects.update(pi_id=pi_id)

    def test_may_be_money_that_names_an_order_of_ours(self, stripe):
        pi_id = stranger(stripe, order=str(an_order().pk))

        findings = reconcile(fix=True)

        assert said(findings.left_open) == [("intent", "unmatched", "nothing", "succeeded")]
        exception = PaymentException.objects.get()
        assert (exception.kind, exception.pi_id, exception.amount) == ("unknown_order", pi_id, 700)

    def test_may_be_an_amount(self, stripe):
        payment = paid(stripe, an_order())
        dashboard_refund(stripe, payment, 480)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())
        Payment.objects.update(captured=2000)
        Refund.objects.update(amount=470)

        findings = reconcile(fix=True)

        assert said(findings.left_open) == [
            ("charge", "amount", "20.00 EUR", "24.80 EUR"),
            ("intent", "amount", "20.00 EUR", "24.80 EUR"),
            ("refund", "amount", "4.70 EUR", "4.80 EUR"),
        ]
        exception = PaymentException.objects.get()
        assert (exception.kind, exception.amount, exception.currency) == ("unreconciled", 2480, "EUR")
        Payment.objects.update(captured=2480)
        Refund.objects.update(amount=480)

    def test_may_be_a_refund_or_dispute_that_stripe_doesnt_know(self, stripe):
        now = timezone.now()
        payment = paid(stripe, an_order())
        common = {"payment": payment, "amount": 100, "currency": "EUR"}
        Refund.objects.create(
            stripe_id="re_gone", state="succeeded", reason="staff", created_at=now, finished_at=now, **common
        )
        Dispute.objects.create(
            stripe_id="dp_gone", status="won", state="won", opened_at=now, closed_at=now, as_of=now, **common
        )
        waiting = Refund.objects.create(reason="staff", created_at=now - timedelta(hours=2), **common)

        findings = reconcile(fix=True)

        assert said(findings.left_open) == [
            ("dispute", "unmatched", "won", "nothing"),
            ("refund", "state", "requested", "nothing"),
            ("refund", "unmatched", "succeeded", "nothing"),
        ]
        assert str(waiting.pk) in [one.id for one in findings.left_open]
        Refund.objects.all().delete()
        Dispute.objects.all().delete()


class TestAStripeThatDoesntAnswer:
    def test_for_one_intent_holds_up_no_other(self, stripe):
        sick, well = unheard(stripe)[1], unheard(stripe)[1]
        # The newest is looked up first.
        stripe.fail_next("GET", f"payment_intents/{well.pi_id}", "before", times=1)

        findings = reconcile(fix=True)

        assert [(one.pi_id, one.kind) for one in findings.left_open] == [(well.pi_id, "unanswered")]
        assert [one.pi_id for one in findings.repaired] == [sick.pi_id]
        assert reconcile(fix=True).left_open == []

    def test_three_times_ends_the_run(self, stripe):
        for _ in range(4):
            unheard(stripe)
        stripe.fail_next("GET", "payment_intents/", "before", times=9)

        findings = reconcile(fix=True)

        assert [one.kind for one in findings.left_open] == ["unanswered"] * 4
        assert [request.status for request in stripe.requests].count(0) == 3

    def test_for_its_lists_is_told(self, stripe):
        stripe.fail_next("GET", "v1/refunds", "before")

        with pytest.raises(GatewayUnavailable):
            reconcile()

        assert "doesn't answer" in Reconciliation.objects.get().error
        stripe.fail_next("GET", "v1/refunds", "before")
        assert reconcile_payments(timezone.now()) == 0

    def test_isnt_asked_inside_a_transaction(self, stripe):
        with pytest.raises(TransactionForbidden):
            use_case(reconcile)


class TestCommand:
    def run(self, capsys, *options: str) -> tuple[int, str]:
        try:
            call_command("reconcile_payments", *options)
            code = 0
        except SystemExit as ended:
            code = int(str(ended.code))
        return code, capsys.readouterr().out

    def test_says_what_differs_and_exits_1_until_it_is_repaired(self, stripe, capsys):
        _, payment = unheard(stripe)

        code, text = self.run(capsys)
        fixed, told = self.run(capsys, "--fix", "--json", "--since", "12h")

        assert code == 1
        assert (
            f"open: intent {payment.pi_id} of {payment.pi_id}: state, requires_payment here, succeeded at Stripe"
            in text
        )
        assert "1 intents, 1 charges, 0 refunds, 0 disputes since" in text
        answer = json.loads(told)
        assert (fixed, answer["found"], answer["repaired"], answer["left_open"]) == (0, 1, 1, 0)
        assert answer["differences"][0] == {
            "pi_id": payment.pi_id,
            "thing": "intent",
            "id": payment.pi_id,
            "kind": "state",
            "here": "requires_payment",
            "there": "succeeded",
            "repaired": True,
        }

    @pytest.mark.parametrize("since", ["7", "0d", "d", "-1d", "1y"])
    def test_refuses_a_time_that_it_cant_read(self, db, since):
        with pytest.raises(CommandError, match="write 12h, 7d or 4w") as refusal:
            call_command("reconcile_payments", f"--since={since}")

        assert refusal.value.returncode == 2

    def test_fails_when_stripe_is_down(self, stripe):
        stripe.fail_next("GET", "v1/", "before")

        with pytest.raises(CommandError) as refusal:
            call_command("reconcile_payments")

        assert refusal.value.returncode == 1


def test_what_is_open_is_a_number_and_a_page(stripe):
    unheard(stripe)
    Reconciliation.objects.create(
        started_at=timezone.now() - timedelta(days=31), since=timezone.now(), fixing=True
    )
    reconcile()
    client = Client()
    client.force_login(SuperuserFactory())

    page = client.get("/admin/payments/reconciliation/")

    assert [run.left_open for run in page.context["cl"].result_list] == [1]
    assert selectors.open_work() == selectors.OpenWork(unreconciled=1, exceptions=0, disputes=0)
    assert "shop_payments_unreconciled 1.0" in Client().get("/metrics").content.decode()
