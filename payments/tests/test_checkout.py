"""Paying on Stripe's own page: the same end as with an intent, and never two ways to pay at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from orders import services as orders
from orders.errors import OrderNotPayable
from orders.models import Order
from payments import services
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import Payment, StripeEvent
from payments.tests.paying import an_order, confirm, deliver, events, started
from shop.events.models import OutboxEvent
from tests.stripe_fake_shop import submit

pytestmark = pytest.mark.django_db


def begin(order, mode="checkout"):
    return services.start_payment(order_id=order.pk, mode=mode, now=timezone.now())


def on_the_page(begun, card="pm_card_visa"):
    """Pay on Stripe's page; return where it leads."""
    return submit(begun.redirect_url, f"action=pay&card={card}")


def only_payment() -> Payment:
    return Payment.objects.get()


class TestStart:
    def test_makes_one_page_over_the_orders_total(self, stripe, settings):
        settings.STOREFRONT_URL = "https://fern.example"
        settings.STATEMENT_DESCRIPTOR = "ORDERS"
        order = an_order()

        begun = begin(order)

        (session,) = stripe.ledger("checkout.session")
        payment = only_payment()
        assert (payment.mode, payment.session_id, payment.pi_id) == ("checkout", session["id"], None)
        assert (session["amount_total"], session["currency"], session["customer_email"]) == (
            2480,
            "eur",
            "ada@example.com",
        )
        back = f"https://fern.example/orders/{order.pk}/?payment={payment.pk}"
        assert (session["success_url"], session["cancel_url"]) == (back, f"{back}&cancelled=1")
        assert order.payment_due_at is not None
        closes = order.payment_due_at + timedelta(minutes=31)
        assert session["expires_at"] == int(closes.timestamp())
        assert session["_made_by"]["idempotency_key"] == f"checkout:{payment.pk}:1"
        assert (begun.redirect_url, begun.client_secret) == (session["url"], "")
        assert begin(order) == begun
        assert stripe.ledger("payment_intent") == []

    def test_pays_the_order_by_its_webhooks(self, stripe, settings):
        settings.STATEMENT_DESCRIPTOR = "ORDERS"
        order = an_order()
        led_to = on_the_page(begin(order))

        for event in events(stripe):
            deliver(stripe, event)

        payment = only_payment()
        order.refresh_from_db()
        intent = stripe.get(payment.pi_id)
        assert f"/account/payments/{payment.pk}/?key=" in led_to
        assert (order.status, order.payment_status) == ("confirmed", "paid")
        assert (payment.status, payment.pays_order, payment.captured) == ("succeeded", True, 2480)
        assert intent["metadata"] == {"order": str(order.pk), "payment": str(payment.pk), "attempt": "1"}
        assert (intent["statement_descriptor_suffix"], intent["receipt_email"]) == ("ORDERS", None)
        assert not StripeEvent.objects.filter(processed_at=None).exists()
        assert OutboxEvent.objects.filter(type="payments.payment_succeeded.v1").count() == 1

    def test_pays_it_without_any_webhook(self, stripe):
        order = an_order()
        on_the_page(begin(order))

        services.refresh_payment(payment_id=only_payment().pk, now=timezone.now())

        order.refresh_from_db()
        assert order.payment_status == "paid"

    @pytest.mark.parametrize("how", ["before", "after", "500"])
    def test_makes_one_page_whatever_fails(self, stripe, how):
        order = an_order()
        stripe.fail_next("POST", "checkout/sessions$", how)
        if how != "500":
            with pytest.raises(GatewayUnavailable):
                begin(order)

        begun = begin(order)

        (session,) = stripe.ledger("checkout.session")
        assert begun.redirect_url == session["url"]

    def test_leads_on_where_money_is_under_way(self, stripe):
        order = an_order()
        begun = begin(order)
        stripe._world.settings.settle_after = 60
        on_the_page(begun, "pm_sepa_debit")
        services.refresh_payment(payment_id=only_payment().pk, now=timezone.now())
        assert only_payment().status == "processing"

        assert f"/account/payments/{only_payment().pk}/" in begin(order).redirect_url
        assert begin(order, "intent").client_secret == stripe.get(only_payment().pi_id)["client_secret"]
        stripe.settle(only_payment().pi_id)


class TestTheOtherMode:
    def test_closes_the_page_before_an_intent_is_made(self, stripe):
        order = an_order()
        begun = begin(order)
        on_the_page(begun, "pm_card_chargeDeclined")

        other = begin(order, "intent")

        assert stripe.ledger("checkout.session")[0]["status"] == "expired"
        assert [intent["status"] for intent in stripe.ledger("payment_intent")] == [
            "canceled",
            "requires_payment_method",
        ]
        assert other.payment_id != begun.payment_id
        assert "expired" in on_the_page(begun)

    def test_cancels_the_intent_before_a_page_is_made(self, stripe):
        order = an_order()
        payment = started(order)

        begun = begin(order)

        assert confirm(stripe, payment) == 400
        on_the_page(begun)
        services.settle_payment(payment_id=begun.payment_id, now=timezone.now())
        order.refresh_from_db()
        assert order.payment_status == "paid"

    def test_finds_what_was_paid_meanwhile(self, stripe):
        order = an_order()
        on_the_page(begin(order))

        with pytest.raises(OrderNotPayable) as refusal:
            begin(order, "intent")

        assert refusal.value.facts == {"reason": "paid"}
        assert len(stripe.ledger("payment_intent")) == 1


class TestEnd:
    def test_comes_with_the_orders_cancellation(self, stripe):
        order = an_order()
        begin(order)
        with transaction.atomic():
            orders.cancel_order(order_id=order.pk, actor=orders.Actor(), now=timezone.now())
            services.give_back(order_id=order.pk, now=timezone.now())

        assert services.cancel_intents(now=timezone.now()) == 1

        assert (only_payment().status, stripe.ledger("checkout.session")[0]["status"]) == (
            "canceled",
            "expired",
        )

    def test_comes_with_the_orders_time(self, stripe):
        order = an_order()
        begin(order)

        assert services.expire_unpaid(now=timezone.now() + timedelta(minutes=31)) == 1

        order.refresh_from_db()
        assert (order.status, stripe.ledger("checkout.session")[0]["status"]) == ("expired", "expired")

    def test_comes_also_where_stripe_never_made_a_page(self, stripe):
        cheap = an_order()
        Order.objects.filter(pk=cheap.pk).update(
            subtotal=10, shipping_total=0, tax_total=0, tax_added=0, discount_total=0, total=10
        )
        with pytest.raises(GatewayRefused):
            begin(cheap)

        assert services.expire_unpaid(now=timezone.now() + timedelta(minutes=31)) == 1

        assert only_payment().status == "canceled"

    def test_that_stripe_tells_makes_room_for_another_page(self, stripe):
        order = an_order()
        begin(order)
        session = stripe.ledger("checkout.session")[0]
        stripe._world.ledger.find(session["id"])["status"] = "expired"
        deliver(stripe, stripe.make_event("checkout.session.expired", session["id"]))

        assert only_payment().status == "canceled"
        begin(order)
        assert len(stripe.ledger("checkout.session")) == 2


def test_the_way_back_says_how_it_stands(stripe):
    order = an_order(language="de")
    begun = begin(order)
    url = on_the_page(begun)

    page = Client().get(url.removeprefix("http://127.0.0.1:8000"))
    without = Client().get(url.partition("?")[0].removeprefix("http://127.0.0.1:8000"))

    assert page.status_code == 200
    text = page.content.decode()
    assert 'lang="de"' in text
    assert "Ihre Zahlung ist eingegangen" in text
    assert order.number in text
    assert (page["Referrer-Policy"], page["Cache-Control"]) == ("no-referrer", "no-store")
    assert (without.status_code, order.number in without.content.decode()) == (404, False)
