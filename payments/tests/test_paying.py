"""Starting a payment and settling it: once, whatever fails in between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from orders import services as orders
from orders.errors import OrderNotPayable
from orders.models import Order
from orders.tests.factories import place
from payments import gateway, services, stripe_client
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import Payment
from payments.tests.paying import an_order, authenticate, confirm, paid, started
from products.models import StockItem
from products.tests.factories import variant
from shop.core.transactions import TransactionForbidden
from shop.events.models import OutboxEvent
from users.tests.races import together

pytestmark = pytest.mark.django_db


def announced(kind: str = "payments.") -> list[str]:
    return list(
        OutboxEvent.objects.filter(type__startswith=kind).order_by("pk").values_list("type", flat=True)
    )


def settle(payment: Payment) -> Payment:
    services.settle_payment(payment_id=payment.pk, now=timezone.now())
    payment.refresh_from_db()
    return payment


class TestStartPayment:
    def test_makes_one_intent_over_the_orders_total(self, stripe):
        order = an_order()

        begun = services.start_payment(order_id=order.pk, now=timezone.now())

        payment = Payment.objects.get()
        (intent,) = stripe.ledger("payment_intent")
        assert (payment.pk, payment.pi_id, payment.status) == (
            begun.payment_id,
            intent["id"],
            "requires_payment",
        )
        assert (payment.amount, payment.currency, payment.attempt) == (2480, "EUR", 1)
        assert (intent["amount"], intent["currency"], intent["receipt_email"]) == (
            2480,
            "eur",
            # The receipt is the shop's own: Stripe mails none beside it.
            None,
        )
        assert intent["metadata"] == {"order": str(order.pk), "payment": str(payment.pk), "attempt": "1"}
        assert intent["_made_by"]["idempotency_key"] == f"payment:{payment.pk}:1"
        assert begun.client_secret == intent["client_secret"]

    def test_keeps_the_secret_nowhere(self, stripe):
        begun = services.start_payment(order_id=an_order().pk, now=timezone.now())

        assert begun.client_secret not in repr(begun)
        assert all(
            begun.client_secret not in str(value)
            for row in Payment.objects.values()
            for value in row.values()
        )

    def test_gives_the_same_one_again(self, stripe):
        order = an_order()

        first = services.start_payment(order_id=order.pk, now=timezone.now())
        again = services.start_payment(order_id=order.pk, now=timezone.now())

        assert first == again
        assert len(stripe.ledger("payment_intent")) == 1

    def test_refuses_a_paid_order(self, stripe):
        order = an_order()
        paid(stripe, order)

        with pytest.raises(OrderNotPayable) as refusal:
            services.start_payment(order_id=order.pk, now=timezone.now())

        assert refusal.value.facts == {"reason": "paid"}
        assert Payment.objects.count() == 1

    def test_refuses_a_cancelled_order(self, stripe):
        order = an_order()
        with transaction.atomic():
            orders.cancel_order(order_id=order.pk, actor=orders.Actor(), now=timezone.now())

        with pytest.raises(OrderNotPayable) as refusal:
            services.start_payment(order_id=order.pk, now=timezone.now())

        assert refusal.value.facts == {"reason": "cancelled"}
        assert not Payment.objects.exists()

    def test_refuses_an_order_whose_time_is_over(self, stripe):
        order = an_order(now=timezone.now() - timedelta(minutes=31))

        with pytest.raises(OrderNotPayable) as refusal:
            services.start_payment(order_id=order.pk, now=timezone.now())

        assert refusal.value.facts == {"reason": "expired"}
        assert not Payment.objects.exists()
        assert stripe.ledger("payment_intent") == []

    def test_says_why_stripe_would_refuse(self, stripe):
        cheap = an_order()
        Order.objects.filter(pk=cheap.pk).update(
            subtotal=10, shipping_total=0, tax_total=0, tax_added=0, discount_total=0, total=10
        )

        with pytest.raises(GatewayRefused) as refusal:
            services.start_payment(order_id=cheap.pk, now=timezone.now())

        assert refusal.value.facts == {"reason": "amount_too_small"}
        assert stripe.ledger("payment_intent") == []

    def test_refuses_to_run_inside_a_transaction(self, stripe):
        order = an_order()

        with transaction.atomic(), pytest.raises(TransactionForbidden):
            services.start_payment(order_id=order.pk, now=timezone.now())

        assert not Payment.objects.exists()

    def test_asks_stripe_outside_of_every_transaction(self, stripe):
        with transaction.atomic(), pytest.raises(TransactionForbidden):
            gateway.retrieve_intent("pi_1")

        assert stripe.requests == []


class TestWhatFailsOnTheWay:
    @pytest.mark.parametrize("how", ["before", "after", "429", "409", "malformed"])
    def test_leads_to_the_same_intent_at_the_second_try(self, stripe, how):
        order = an_order()
        stripe.fail_next("POST", "payment_intents$", how)
        with pytest.raises(GatewayUnavailable):
            services.start_payment(order_id=order.pk, now=timezone.now())
        order.refresh_from_db()
        assert (order.status, order.payment_status) == ("pending", "unpaid")

        services.start_payment(order_id=order.pk, now=timezone.now())

        (intent,) = stripe.ledger("payment_intent")
        assert intent["_made_by"]["idempotency_key"] == f"payment:{Payment.objects.get().pk}:1"

    def test_takes_a_new_key_after_a_stored_failure_that_made_nothing(self, stripe):
        order = an_order()
        stripe.fail_next("POST", "payment_intents$", "500")

        services.start_payment(order_id=order.pk, now=timezone.now())

        payment = Payment.objects.get()
        (intent,) = stripe.ledger("payment_intent")
        assert (payment.attempt, payment.pi_id) == (2, intent["id"])
        assert intent["_made_by"]["idempotency_key"] == f"payment:{payment.pk}:2"

    def test_finds_the_intent_that_a_stored_failure_made(self, stripe):
        order = an_order()
        stripe.fail_next("POST", "payment_intents$", "500_after")

        services.start_payment(order_id=order.pk, now=timezone.now())

        payment = Payment.objects.get()
        (intent,) = stripe.ledger("payment_intent")
        assert (payment.attempt, payment.pi_id) == (1, intent["id"])

    def test_is_tried_again_by_the_sdk_itself(self, stripe, monkeypatch):
        monkeypatch.setattr(stripe_client, "_RETRIES", 2)
        stripe_client.client_for.cache_clear()
        stripe.fail_next("POST", "payment_intents$", "after")

        services.start_payment(order_id=an_order().pk, now=timezone.now())

        assert [request.status for request in stripe.requests] == [0, 200]
        assert len(stripe.ledger("payment_intent")) == 1
        stripe_client.client_for.cache_clear()

    def test_leaves_an_order_payable_while_stripe_is_down(self, stripe, settings):
        order = an_order()
        base, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"

        for _ in range(3):
            with pytest.raises(GatewayUnavailable) as refusal:
                services.start_payment(order_id=order.pk, now=timezone.now())
            assert refusal.value.retry_after == 5
        settings.STRIPE_API_BASE = base
        services.start_payment(order_id=order.pk, now=timezone.now())

        assert Payment.objects.count() == 1
        assert len(stripe.ledger("payment_intent")) == 1

    def test_cancels_an_intent_that_came_after_the_order_was_cancelled(self, stripe, monkeypatch):
        order = an_order()
        ask = gateway.create_intent

        def cancelled_meanwhile(asked):
            made = ask(asked)
            with transaction.atomic():
                orders.cancel_order(order_id=order.pk, actor=orders.Actor(), now=timezone.now())
            return made

        monkeypatch.setattr(gateway, "create_intent", cancelled_meanwhile)
        with pytest.raises(OrderNotPayable):
            services.start_payment(order_id=order.pk, now=timezone.now())

        assert services.cancel_intents(now=timezone.now()) == 1
        assert [intent["status"] for intent in stripe.ledger("payment_intent")] == ["canceled"]
        assert Payment.objects.get().status == "canceled"


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_make_one_intent(self, stripe, monkeypatch):
        monkeypatch.setattr(stripe_client, "_RETRIES", 2)
        order = an_order()

        begun = together(8, lambda _: services.start_payment(order_id=order.pk, now=timezone.now()))

        assert len(set(begun)) == 1
        assert Payment.objects.count() == 1
        assert len(stripe.ledger("payment_intent")) == 1

    def test_settle_once(self, stripe):
        payment = started(an_order())
        confirm(stripe, payment)

        together(8, lambda _: services.settle_payment(payment_id=payment.pk, now=timezone.now()))

        assert announced() == ["payments.payment_succeeded.v1"]
        assert announced("orders.order_paid") == ["orders.order_paid.v1"]


class TestSettlePayment:
    def test_pays_the_order_and_sells_its_stock(self, stripe):
        lamp = variant(now=timezone.now())
        order = place(lamp, quantity=2, now=timezone.now())

        payment = paid(stripe, order)

        order.refresh_from_db()
        stock = StockItem.objects.get(pk=lamp.pk)
        assert (order.status, order.payment_status) == ("confirmed", "paid")
        assert (stock.on_hand, stock.reserved) == (8, 0)
        assert (payment.status, payment.pays_order, payment.captured) == ("succeeded", True, order.total)
        assert (payment.method, payment.brand, payment.last4) == ("card", "visa", "4242")
        assert announced() == ["payments.payment_succeeded.v1"]

    def test_says_so_once_however_often_it_is_asked(self, stripe):
        payment = paid(stripe, an_order())
        before = (payment.version, OutboxEvent.objects.count())

        for _ in range(3):
            settle(payment)

        assert (payment.version, OutboxEvent.objects.count()) == before

    def test_keeps_a_declined_order_payable(self, stripe):
        order = an_order()
        payment = started(order)

        assert confirm(stripe, payment, "pm_card_chargeDeclinedInsufficientFunds") == 402
        settle(payment)
        order.refresh_from_db()
        assert (payment.status, payment.last_error) == ("requires_payment", "insufficient_funds")
        assert (order.status, order.payment_status) == ("pending", "failed")
        assert started(order) == payment
        confirm(stripe, payment)
        settle(payment)

        order.refresh_from_db()
        assert (order.status, order.payment_status) == ("confirmed", "paid")
        assert announced() == ["payments.payment_failed.v1", "payments.payment_succeeded.v1"]

    def test_follows_3d_secure(self, stripe):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment, "pm_card_threeDSecure2Required")
        assert settle(payment).status == "requires_action"

        authenticate(stripe, payment, "fail")
        settle(payment)
        assert (payment.status, payment.last_error) == (
            "requires_payment",
            "payment_intent_authentication_failure",
        )
        confirm(stripe, payment, "pm_card_threeDSecure2Required")
        authenticate(stripe, payment)
        settle(payment)

        order.refresh_from_db()
        assert (payment.status, order.payment_status) == ("succeeded", "paid")

    def test_keeps_the_stock_while_money_is_under_way(self, stripe):
        stripe._world.settings.settle_after = 60.0
        order = an_order()
        payment = started(order)
        confirm(stripe, payment, "pm_sepa_debit")
        settle(payment)
        order.refresh_from_db()
        assert (payment.status, order.payment_status) == ("processing", "processing")

        stripe.settle(payment.pi_id, succeeds=False)
        settle(payment)

        order.refresh_from_db()
        assert (payment.status, order.status, order.payment_status) == (
            "requires_payment",
            "pending",
            "failed",
        )

    def test_doesnt_go_back_by_an_older_answer(self, stripe):
        stripe._world.settings.settle_after = 60.0
        payment = started(an_order())
        long_ago = timezone.now() - timedelta(seconds=5)
        confirm(stripe, payment, "pm_sepa_debit")
        settle(payment)
        stripe.settle(payment.pi_id, succeeds=False)

        services.settle_payment(payment_id=payment.pk, now=long_ago)

        payment.refresh_from_db()
        assert payment.status == "processing"

    def test_lets_a_new_one_begin_after_it_was_cancelled_at_stripe(self, stripe):
        order = an_order()
        payment = started(order)
        gateway.cancel_intent(payment.pi_id or "")
        assert settle(payment).status == "canceled"

        other = started(order)

        assert other != payment
        assert len(stripe.ledger("payment_intent")) == 2


class TestReconcileRecent:
    def test_finds_what_no_webhook_told(self, stripe):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment)

        assert services.reconcile_recent(now=timezone.now() + timedelta(seconds=30)) == 0
        assert services.reconcile_recent(now=timezone.now() + timedelta(seconds=61)) == 1

        order.refresh_from_db()
        assert order.payment_status == "paid"
        assert services.reconcile_recent(now=timezone.now() + timedelta(minutes=5)) == 0

    def test_gives_up_after_three_and_begins_with_others_the_next_time(self, stripe):
        for _ in range(4):
            started(an_order())
        stripe.fail_next("GET", "payment_intents/", "before", times=3)
        before = len(stripe.requests)
        soon = timezone.now() + timedelta(seconds=61)

        assert services.reconcile_recent(now=soon) == 0
        assert len(stripe.requests) == before + 3
        assert services.reconcile_recent(now=soon) == 1

    def test_asks_about_others_although_stripe_cant_answer_for_one(self, stripe):
        sick = started(an_order())
        started(an_order())
        stripe.fail_next("GET", f"payment_intents/{sick.pi_id}", "before", times=9)

        assert services.reconcile_recent(now=timezone.now() + timedelta(seconds=61)) == 1
