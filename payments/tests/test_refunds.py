"""Refunds: never more than was taken, never twice, never silently failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.utils import timezone

from orders.errors import RefundTooLarge
from payments import gateway, services, stripe_client
from payments.models import Payment, PaymentException, Refund
from payments.services import one_by_one, refunding
from payments.tests.paying import an_order, dashboard_refund, paid
from shop.core.transactions import TransactionForbidden, use_case
from shop.events.models import OutboxEvent
from users.tests.races import together

if TYPE_CHECKING:
    from payments.provider import ProviderRefund

pytestmark = pytest.mark.django_db


def ask(payment: Payment, amount: int | None = None) -> Refund:
    refund_id = use_case(
        services.request_refund,
        payment_id=payment.pk,
        amount=amount,
        reason=Refund.Reason.STAFF,
        actor_id=None,
        now=timezone.now(),
    )
    return Refund.objects.get(pk=refund_id)


def send() -> int:
    Refund.objects.update(not_before=None)
    return services.send_refunds(now=timezone.now())


class TestSender:
    def test_claims_a_row_just_before_its_call(self, stripe, monkeypatch):
        payment = paid(stripe, an_order())
        first, second = ask(payment, 100), ask(payment, 200)
        seen = []
        real = gateway.create_refund

        def create(**asked: Any) -> ProviderRefund:
            tries = list(Refund.objects.order_by("created_at").values_list("tries", flat=True))
            seen.append((asked["refund_id"], tries, stripe_client._deadline.get()))
            return real(**asked)

        monkeypatch.setattr(gateway, "create_refund", create)

        assert send() == 2
        assert [entry[:2] for entry in seen] == [(first.pk, [1, 0]), (second.pk, [1, 1])]
        # Whatever a row needs of Stripe shares one bound, far below the lease; each row has it anew.
        assert seen[0][2] is not None
        assert seen[1][2] != seen[0][2]
        assert one_by_one.LEASE.total_seconds() > 5 * stripe_client._PATIENCE


class TestRequestRefund:
    def test_writes_a_row_and_calls_nobody(self, stripe):
        payment = paid(stripe, an_order())
        asked = len(stripe.requests)

        refund = ask(payment, 480)

        assert (refund.amount, refund.currency, refund.state, refund.stripe_id) == (
            480,
            "EUR",
            "requested",
            None,
        )
        assert len(stripe.requests) == asked

    @pytest.mark.parametrize("amount", [0, -1, 2481, 10**15])
    def test_refuses_what_isnt_there(self, stripe, amount):
        payment = paid(stripe, an_order())

        with pytest.raises(RefundTooLarge) as refusal:
            ask(payment, amount)

        assert refusal.value.facts == {"left": "24.80", "currency": "EUR"}
        assert not Refund.objects.exists()

    def test_counts_what_is_on_its_way(self, stripe):
        payment = paid(stripe, an_order())
        ask(payment, 2000)

        with pytest.raises(RefundTooLarge):
            ask(payment, 481)

        assert ask(payment).amount == 480

    def test_refuses_an_unpaid_payment(self, stripe):
        payment = paid(stripe, an_order(), "pm_card_chargeDeclined")

        with pytest.raises(RefundTooLarge):
            ask(payment, 1)

    @pytest.mark.django_db(transaction=True)
    def test_never_adds_up_to_more_than_was_taken(self, stripe):
        payment = paid(stripe, an_order())

        assert sum(together(50, lambda _: try_to_ask(payment, 700))) == 3

        assert sum(Refund.objects.values_list("amount", flat=True)) == 2100

    @pytest.mark.needs_postgres
    @pytest.mark.django_db(transaction=True)
    def test_negative_control_without_the_lock_they_add_up_to_more(self, stripe, monkeypatch):
        payment = paid(stripe, an_order())
        monkeypatch.setattr(refunding, "lock_payment", lambda pk: (None, Payment.objects.get(pk=pk)))

        for _ in range(20):
            together(8, lambda _: try_to_ask(payment, 700))
            asked = sum(Refund.objects.values_list("amount", flat=True))
            Refund.objects.all().delete()
            if asked > payment.captured:
                break

        assert asked > payment.captured


def try_to_ask(payment: Payment, amount: int) -> bool:
    try:
        ask(payment, amount)
    except RefundTooLarge:
        return False
    return True


class TestSendRefunds:
    def test_sends_under_the_rows_own_key(self, stripe):
        order = an_order()
        refund = ask(paid(stripe, order), 480)

        assert send() == 1

        refund.refresh_from_db()
        order.refresh_from_db()
        (there,) = stripe.ledger("refund")
        assert (refund.state, refund.stripe_id) == ("succeeded", there["id"])
        assert (there["amount"], there["_made_by"]["idempotency_key"]) == (480, f"refund:{refund.pk}")
        assert (order.payment_status, order.refunded_total) == ("partially_refunded", 480)
        told = OutboxEvent.objects.get(type="payments.refund_succeeded.v1").payload
        assert (told["refund_id"], told["amount"], told["currency"]) == (str(refund.pk), 480, "EUR")

    def test_makes_a_whole_one_out_of_parts(self, stripe):
        order = an_order()
        payment = paid(stripe, order)
        ask(payment, 480)
        ask(payment, 2000)

        assert send() == 2

        order.refresh_from_db()
        assert (order.payment_status, order.refunded_total) == ("refunded", 2480)

    @pytest.mark.parametrize("how", ["before", "after", "500", "500_after", "429", "409", "malformed"])
    def test_is_one_refund_whatever_fails(self, stripe, how):
        refund = ask(paid(stripe, an_order()), 480)
        stripe.fail_next("POST", "refunds$", how)

        send()
        send()

        refund.refresh_from_db()
        assert refund.state == "succeeded"
        assert [there["amount"] for there in stripe.ledger("refund")] == [480]

    def test_pauses_while_stripe_is_down(self, stripe):
        ask(paid(stripe, an_order()), 480)
        stripe.fail_next("POST", "refunds$", "before")
        assert services.send_refunds(now=timezone.now()) == 0

        assert services.send_refunds(now=timezone.now()) == 0

        assert Refund.objects.get().tries == 1

    def test_refuses_to_run_inside_a_transaction(self, stripe):
        with transaction.atomic(), pytest.raises(TransactionForbidden):
            services.send_refunds(now=timezone.now())

    @pytest.mark.django_db(transaction=True)
    def test_by_several_senders_is_one_refund(self, stripe):
        ask(paid(stripe, an_order()), 480)

        assert sum(together(5, lambda _: services.send_refunds(now=timezone.now()))) == 1

        assert len(stripe.ledger("refund")) == 1


class TestRefundsThatTakeTheirTime:
    def test_are_sent_until_they_succeed(self, stripe):
        stripe._world.settings.refund_after = 60.0
        order = an_order()
        payment = paid(stripe, order, "pm_card_pendingRefund")
        refund = ask(payment)
        send()
        refund.refresh_from_db()
        order.refresh_from_db()
        assert (refund.state, order.payment_status) == ("sent", "paid")

        stripe.finish_refund(refund.stripe_id)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())

        refund.refresh_from_db()
        order.refresh_from_db()
        assert (refund.state, order.payment_status) == ("succeeded", "refunded")

    def test_become_work_for_staff_when_they_fail_at_last(self, stripe):
        stripe._world.settings.refund_after = 60.0
        order = an_order()
        payment = paid(stripe, order, "pm_card_refundFail")
        refund = ask(payment)
        send()
        order.refresh_from_db()
        assert order.payment_status == "refunded"

        stripe.finish_refund(Refund.objects.get().stripe_id, succeeds=False)
        for _ in range(2):
            services.settle_payment(payment_id=payment.pk, now=timezone.now())

        refund.refresh_from_db()
        order.refresh_from_db()
        exception = PaymentException.objects.get()
        assert (refund.state, order.payment_status, order.refunded_total) == ("failed", "paid", 0)
        assert (exception.kind, exception.refund, exception.amount) == ("refund_failed", refund, 2480)
        assert ask(payment).amount == 2480

    def test_become_work_for_staff_when_stripe_refuses_them(self, stripe):
        payment = paid(stripe, an_order())
        refund = ask(payment, 2000)
        dashboard_refund(stripe, payment, 1000)

        assert send() == 0
        services.settle_payment(payment_id=payment.pk, now=timezone.now())

        refund.refresh_from_db()
        assert (refund.state, bool(refund.error)) == ("failed", True)
        assert PaymentException.objects.get().kind == "refund_failed"
        assert sorted(Refund.objects.values_list("amount", "state")) == [
            (1000, "succeeded"),
            (2000, "failed"),
        ]


class TestResolveException:
    def test_is_done_once(self, stripe):
        payment = paid(stripe, an_order())
        refund = ask(payment, 2000)
        dashboard_refund(stripe, payment, 1000)
        send()
        exception = PaymentException.objects.get(refund=refund)

        use_case(services.resolve_exception, exception_id=exception.pk, actor_id=None, now=timezone.now())

        exception.refresh_from_db()
        assert exception.state == "resolved"
