"""Webhooks: believed by their signature alone, stored once, settled whatever their order."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from orders.models import Order
from payments import services
from payments.models import Payment, PaymentException, Refund, StripeEvent
from payments.services import webhooks
from payments.tests.paying import (
    SECRET,
    an_order,
    confirm,
    dashboard_refund,
    deliver,
    events,
    paid,
    started,
)
from shop.events.models import OutboxEvent
from tests.stripe_fake_shop import call
from tools.stripe_fake.deliveries import sign
from users.tests.races import together

pytestmark = pytest.mark.django_db
URL = "/api/v1/payments/webhooks/stripe/"


def post(raw: bytes, signature: str | None, **more):
    headers = {"Stripe-Signature": signature} if signature is not None else {}
    return Client().post(URL, raw, content_type="application/json", headers=headers, **more)


def a_success(stripe) -> tuple[Payment, bytes]:
    """Return a payment that was confirmed at Stripe, and the webhook that says so."""
    payment = started(an_order())
    confirm(stripe, payment)
    (event,) = events(stripe, "payment_intent.succeeded")
    return payment, json.dumps(event).encode()


class TestEndpoint:
    def test_stores_and_settles(self, stripe):
        payment, raw = a_success(stripe)

        response = post(raw, stripe.sign(raw))

        payment.refresh_from_db()
        event = StripeEvent.objects.get()
        assert (response.status_code, response.json()) == (200, {"received": True})
        assert (payment.status, payment.pays_order) == ("succeeded", True)
        assert (event.type, event.pi_id, event.ignored) == ("payment_intent.succeeded", payment.pi_id, "")
        assert event.processed_at is not None

    def test_says_200_to_a_twin_and_does_nothing(self, stripe):
        _, raw = a_success(stripe)
        post(raw, stripe.sign(raw))
        before = (OutboxEvent.objects.count(), len(stripe.requests))

        response = post(raw, stripe.sign(raw))

        assert response.status_code == 200
        assert (OutboxEvent.objects.count(), len(stripe.requests)) == before
        assert StripeEvent.objects.count() == 1

    @pytest.mark.parametrize(
        "forge",
        [
            lambda raw, now: None,
            lambda raw, now: "",
            lambda raw, now: "nonsense",
            lambda raw, now: "t=1,v1=",
            lambda raw, now: f"t={now},v1=" + "0" * 64,
            lambda raw, now: sign(raw, "whsec_of_another_endpoint", now),
            lambda raw, now: sign(raw, SECRET, now - 301),
            lambda raw, now: sign(raw, SECRET, now + 301),
            lambda raw, now: sign(raw + b" ", SECRET, now),
            lambda raw, now: sign(raw, SECRET, now).replace("v1=", "v0="),
            lambda raw, now: sign(raw, SECRET, now).replace(f"t={now}", f"t={now + 1}"),
            lambda raw, now: f"t={10**30}," + sign(raw, SECRET, now).partition(",")[2],
        ],
    )
    def test_stores_nothing_that_isnt_signed(self, stripe, forge):
        payment, raw = a_success(stripe)

        now = int(timezone.now().timestamp())
        # The clock stands still, so that a slow run can't bring 301 seconds within the tolerance of 300.
        with time_machine.travel(now, tick=False):
            response = post(raw, forge(raw, now))

        payment.refresh_from_db()
        assert (response.status_code, response.json()["code"]) == (400, "signature_invalid")
        assert response["Content-Type"] == "application/problem+json"
        assert not StripeEvent.objects.exists()
        assert payment.status == "requires_payment"

    @pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[]", b"{}", b'{"id": 1}', b"null"])
    def test_stores_nothing_that_is_signed_and_isnt_an_event(self, stripe, raw):
        response = post(raw, stripe.sign(raw))

        assert (response.status_code, response.json()["code"]) == (400, "signature_invalid")
        assert not StripeEvent.objects.exists()

    def test_takes_both_secrets_while_one_replaces_the_other(self, stripe, settings):
        _, raw = a_success(stripe)
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", SECRET]
        assert post(raw, stripe.sign(raw)).status_code == 200

        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]

        assert post(raw, stripe.sign(raw)).status_code == 400
        assert post(raw, sign(raw, "whsec_new")).status_code == 200

    def test_takes_a_webhook_that_is_signed_with_both(self, stripe, settings):
        _, raw = a_success(stripe)
        stripe.rotate_secret("whsec_new")
        both = stripe.sign(raw)

        for secrets, status in ((["whsec_new"], 200), ([SECRET], 200), (["whsec_newest"], 400)):
            settings.STRIPE_WEBHOOK_SECRETS = secrets
            assert post(raw, both).status_code == status
        assert StripeEvent.objects.count() == 1

    def test_refuses_a_huge_body(self, stripe):
        raw = b" " * (1024 * 1024 + 1)

        response = post(raw, stripe.sign(raw))

        assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
        assert not StripeEvent.objects.exists()

    def test_is_posted_to_and_nothing_else(self, stripe):
        response = Client().get(URL)

        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")

    def test_needs_neither_a_bearer_nor_a_csrf_token(self, stripe):
        _, raw = a_success(stripe)
        client = Client(enforce_csrf_checks=True)

        response = client.post(
            URL,
            raw,
            content_type="text/plain",
            headers={"Stripe-Signature": stripe.sign(raw), "Authorization": "Bearer wrong"},
        )

        assert response.status_code == 200

    def test_says_200_once_it_is_stored_even_when_settling_fails(self, stripe):
        payment, raw = a_success(stripe)
        stripe.fail_next("GET", "payment_intents/", "before")

        assert post(raw, stripe.sign(raw)).status_code == 200

        event = StripeEvent.objects.get()
        payment.refresh_from_db()
        assert (event.processed_at, event.attempts, payment.status) == (None, 1, "requires_payment")
        assert "provider" in event.error

    def test_keeps_no_secret(self, stripe):
        payment, raw = a_success(stripe)
        secret = stripe.get(payment.pi_id)["client_secret"]

        post(raw, stripe.sign(raw))

        assert secret in raw.decode()
        assert all(secret not in str(value) for row in StripeEvent.objects.values() for value in row.values())


@pytest.mark.django_db(transaction=True)
class TestFiveAtOnce:
    def test_pay_once(self, stripe):
        payment, raw = a_success(stripe)

        statuses = together(5, lambda _: post(raw, stripe.sign(raw)).status_code)

        payment.refresh_from_db()
        assert statuses == [200] * 5
        assert (StripeEvent.objects.count(), payment.status) == (1, "succeeded")
        paid_events = OutboxEvent.objects.filter(
            type__in=["payments.payment_succeeded.v1", "orders.order_paid.v1"]
        )
        assert paid_events.count() == 2

    def test_are_the_same_as_different_events_at_once(self, stripe, monkeypatch):
        payment = started(an_order())
        confirm(stripe, payment, "pm_card_chargeDeclined")
        confirm(stripe, payment)
        told = events(stripe)

        # As many processes: each has a turn of its own.
        turns = SimpleNamespace(is_free=lambda: True, take=lambda: True, give_back=lambda: None)
        monkeypatch.setattr(webhooks, "_turn", turns)
        together(len(told), lambda number: deliver(stripe, told[number]))

        payment.refresh_from_db()
        assert (len(told), payment.status) == (5, "succeeded")
        assert OutboxEvent.objects.filter(type="payments.payment_succeeded.v1").count() == 1
        assert not StripeEvent.objects.filter(processed_at__isnull=True).exists()


class TestRetry:
    def test_settles_what_couldnt_be_settled(self, stripe):
        payment, raw = a_success(stripe)
        stripe.fail_next("GET", "payment_intents/", "before", times=2)
        post(raw, stripe.sign(raw))

        assert services.retry_webhooks(now=timezone.now()) == 0
        assert services.retry_webhooks(now=timezone.now() + timedelta(seconds=2)) == 0
        assert StripeEvent.objects.get().attempts == 2
        assert services.retry_webhooks(now=timezone.now() + timedelta(seconds=10)) == 1

        payment.refresh_from_db()
        event = StripeEvent.objects.get()
        assert (payment.status, event.error, event.next_attempt_at) == ("succeeded", "", None)
        assert services.retry_webhooks(now=timezone.now() + timedelta(days=1)) == 0

    def test_takes_over_from_a_request_that_died_after_storing(self, stripe, monkeypatch):
        payment, raw = a_success(stripe)
        monkeypatch.setattr(webhooks, "_try", lambda *args, **kwargs: False)
        post(raw, stripe.sign(raw))
        monkeypatch.undo()
        assert StripeEvent.objects.get().processed_at is None

        assert services.retry_webhooks(now=timezone.now() + timedelta(seconds=6)) == 1

        payment.refresh_from_db()
        assert payment.status == "succeeded"

    def test_survives_a_bug(self, stripe, monkeypatch):
        payment, raw = a_success(stripe)
        with monkeypatch.context() as broken:
            broken.setattr(webhooks, "settle_payment", lambda **kwargs: 1 / 0)
            assert post(raw, stripe.sign(raw)).status_code == 200

        assert StripeEvent.objects.get().error.startswith("ZeroDivisionError")
        payment.refresh_from_db()
        assert payment.status == "requires_payment"


class TestWhatIsntOurs:
    def event(self, stripe, **changes) -> StripeEvent:
        payment, raw = a_success(stripe)
        told = json.dumps({**json.loads(raw), **changes}).encode()
        assert post(told, stripe.sign(told)).status_code == 200
        payment.refresh_from_db()
        assert payment.status == "requires_payment"
        return StripeEvent.objects.get()

    def test_is_ignored_when_nobody_needs_its_type(self, stripe):
        event = self.event(stripe, type="customer.created")

        assert (event.ignored, bool(event.processed_at)) == ("type", True)

    def test_is_ignored_when_it_is_of_the_other_mode(self, stripe):
        assert self.event(stripe, livemode=True).ignored == "livemode"

    def test_is_ignored_when_it_is_another_accounts(self, stripe):
        assert self.event(stripe, account="acct_1").ignored == "account"

    def stranger(self, stripe, **metadata) -> StripeEvent:
        """Return the event of a payment that somebody else takes in the same account."""
        form = {"amount": 700, "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
        form |= {f"metadata[{name}]": value for name, value in metadata.items()}
        status, body, _ = call(stripe, "POST", "/v1/payment_intents", form, key="sk_test_other")
        assert status == 200
        pi_id = json.loads(body)["id"]
        told = [
            event
            for event in events(stripe, "payment_intent.succeeded")
            if event["data"]["object"]["id"] == pi_id
        ]
        deliver(stripe, told[0])
        return StripeEvent.objects.get(pi_id=pi_id)

    def test_an_intent_that_names_an_order_of_ours_is_put_before_staff(self, stripe):
        order = an_order()

        event = self.stranger(stripe, order=str(order.pk))

        order.refresh_from_db()
        exception = PaymentException.objects.get()
        assert (exception.kind, exception.amount, exception.payment) == ("unknown_order", 700, None)
        assert (event.ignored, order.payment_status) == ("unknown payment", "unpaid")

    def test_metadata_alone_pays_nothing(self, stripe):
        order = an_order()
        payment = started(order)

        # Another amount, and an intent that isn't the payment's own: it names both ids rightly nevertheless.
        self.stranger(stripe, order=str(order.pk), payment=str(payment.pk))

        order.refresh_from_db()
        exception = PaymentException.objects.get()
        assert (exception.kind, order.status, order.payment_status) == (
            "amount_mismatch",
            "pending",
            "unpaid",
        )
        assert Refund.objects.get().amount == 700

    def test_an_intent_that_stripe_doesnt_know_is_ignored(self, stripe):
        event = stripe.make_event("payment_intent.succeeded", {"id": "pi_gone", "object": "payment_intent"})

        deliver(stripe, event)

        assert StripeEvent.objects.get().ignored == "refused: resource_missing"


class TestEarlyAndLate:
    def test_a_webhook_may_come_before_the_intent_is_stored(self, stripe):
        order = an_order()
        payment = started(order)
        pi_id = payment.pi_id
        confirm(stripe, payment)
        # As if the process had died between Stripe's answer and its own note of it.
        Payment.objects.update(pi_id=None)

        deliver(stripe, events(stripe, "payment_intent.succeeded")[0])

        payment.refresh_from_db()
        order.refresh_from_db()
        assert (payment.pi_id, payment.status, order.payment_status) == (pi_id, "succeeded", "paid")

    def test_money_by_a_replaced_intent_pays_the_order(self, stripe):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment)
        orphan = payment.pi_id
        # As if a stored failure had hidden the first intent, and another had replaced it.
        Payment.objects.update(pi_id=None, attempt=2)
        started(order)

        deliver(stripe, events(stripe, "payment_intent.succeeded")[0])

        services.cancel_intents(now=timezone.now())
        order.refresh_from_db()
        assert order.payment_status == "paid"
        assert Payment.objects.get(pays_order=True).pi_id == orphan
        assert Payment.objects.get(pays_order=False).status == "canceled"

    def test_money_that_comes_twice_goes_back_once(self, stripe):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment)
        Payment.objects.update(pi_id=None, attempt=2)
        second = started(order)
        confirm(stripe, second)
        services.settle_payment(payment_id=second.pk, now=timezone.now())

        for event in events(stripe, "payment_intent.succeeded") * 2:
            deliver(stripe, event)

        services.send_refunds(now=timezone.now())
        exception = PaymentException.objects.get()
        order.refresh_from_db()
        assert (exception.kind, exception.pi_id) == ("duplicate_payment", payment.pi_id)
        assert [refund["payment_intent"] for refund in stripe.ledger("refund")] == [payment.pi_id]
        assert (order.payment_status, order.refunded_total) == ("paid", 0)

    def test_late_news_of_a_settled_payment_asks_nobody(self, stripe):
        payment = started(an_order())
        confirm(stripe, payment, "pm_card_chargeDeclined")
        confirm(stripe, payment)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())
        asked = len(stripe.requests)

        for event in events(stripe):
            deliver(stripe, event)

        assert len(stripe.requests) == asked
        assert StripeEvent.objects.filter(processed_at__isnull=True).count() == 0
        assert Order.objects.get().payment_status == "paid"
        assert OutboxEvent.objects.filter(type="payments.payment_failed.v1").count() == 0


class TestRefundsFromElsewhere:
    def test_flow_back(self, stripe):
        order = an_order()
        payment = paid(stripe, order)
        dashboard_refund(stripe, payment, 480)

        deliver(stripe, events(stripe, "charge.refunded")[0])

        refund = Refund.objects.get()
        order.refresh_from_db()
        assert (refund.amount, refund.state, refund.reason) == (480, "succeeded", "provider")
        assert (order.payment_status, order.refunded_total) == ("partially_refunded", 480)
