"""Six events in each of their 720 orders: always the same end."""

from __future__ import annotations

import pytest
from django.db import transaction

from payments import gateway
from payments.models import Payment, PaymentException, Refund, StripeEvent
from payments.provider import intent_of, refund_of
from payments.tests.paying import an_order, authenticate, confirm, dashboard_refund, deliver, events, started
from shop.events.models import OutboxEvent

pytestmark = pytest.mark.django_db

TYPES = (
    "payment_intent.created", "payment_intent.processing", "payment_intent.requires_action",
    "payment_intent.payment_failed", "payment_intent.succeeded", "charge.refunded",
)  # fmt: skip
STATES = {
    "status": "succeeded", "pays_order": True, "captured": 2480, "last_error": "",
    "order__status": "confirmed", "order__payment_status": "partially_refunded", "order__refunded_total": 500,
}  # fmt: skip
TOLD = {
    "orders.order_placed.v1": 1, "orders.order_paid.v1": 1, "payments.payment_succeeded.v1": 1,
    "payments.refund_succeeded.v1": 1,
}  # fmt: skip
THE_END = repr((0, STATES, [(500, "succeeded")], TOLD, 0))


@pytest.mark.timeout(600)
# One event after another: the database makes no difference to it.
@pytest.mark.once
class TestEveryOrderOfEvents:
    """Created, processing, requires_action, payment_failed, succeeded, refunded: 720 orders, one end."""

    def story(self, stripe) -> tuple[Payment, list[dict]]:
        stripe._world.settings.settle_after = 60.0
        payment = started(an_order())
        confirm(stripe, payment, "pm_card_threeDSecure2Required")
        authenticate(stripe, payment, "fail")
        confirm(stripe, payment, "pm_sepa_debit")
        stripe.settle(payment.pi_id)
        dashboard_refund(stripe, payment, 500)
        stripe.finish_refund(stripe.ledger("refund")[0]["id"])
        told = events(stripe, *TYPES)
        assert sorted(event["type"] for event in told) == sorted(TYPES)
        return payment, told

    def ends(self, stripe, payment, left) -> list[str]:
        """
        Deliver the events in every order and return each order's end.

        Orders that begin alike share their beginning: each step is taken once and then taken back.
        """
        if not left:
            return [self.end(payment)]
        ends = []
        for event in left:
            before = transaction.savepoint()
            deliver(stripe, event)
            ends += self.ends(stripe, payment, [other for other in left if other is not event])
            transaction.savepoint_rollback(before)
        return ends

    def end(self, payment) -> str:
        unprocessed = StripeEvent.objects.filter(processed_at__isnull=True).count()
        state = Payment.objects.filter(pk=payment.pk).values(*STATES).get()
        refunds = list(Refund.objects.values_list("amount", "state"))
        counts = {kind: OutboxEvent.objects.filter(type=kind).count() for kind in TOLD}
        return repr((unprocessed, state, refunds, counts, PaymentException.objects.count()))

    def test_ends_the_same_when_stripe_tells_the_truth_of_now(self, stripe, monkeypatch):
        payment, told = self.story(stripe)
        intent, refunds = (
            gateway.retrieve_intent(payment.pi_id or ""),
            gateway.list_refunds(payment.pi_id or ""),
        )
        # The answers are always the same, so they are fetched once.
        monkeypatch.setattr(gateway, "retrieve_intent", lambda pi_id: intent)
        monkeypatch.setattr(gateway, "list_refunds", lambda pi_id: refunds)

        ends = self.ends(stripe, payment, told)

        assert ends == [THE_END] * 720

    def test_ends_the_same_when_stripe_answers_as_of_the_event(self, stripe, monkeypatch):
        payment, told = self.story(stripe)
        now, refunds = gateway.retrieve_intent(payment.pi_id or ""), gateway.list_refunds(payment.pi_id or "")
        as_of = {
            event["type"]: intent_of(event["data"]["object"])
            for event in told
            if event["type"] != "charge.refunded"
        }
        as_of["charge.refunded"] = now
        seen: list[str] = []
        verify = gateway.verify_webhook

        def noting(raw, header, *, now):
            notice = verify(raw, header, now=now)
            seen.append(notice.type)
            return notice

        monkeypatch.setattr(gateway, "verify_webhook", noting)
        monkeypatch.setattr(gateway, "retrieve_intent", lambda pi_id: as_of[seen[-1]])
        monkeypatch.setattr(
            gateway, "list_refunds", lambda pi_id: refunds if seen[-1] == "charge.refunded" else ()
        )

        ends = self.ends(stripe, payment, told)
        monkeypatch.undo()

        assert ends == [THE_END] * 720
        assert refund_of(stripe.ledger("refund")[0]).status == "succeeded"
