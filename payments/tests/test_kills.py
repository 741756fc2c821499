"""SIGKILL of a real process at each step of promises W4 to W7, H1 to H3 and F1 to F3: it ends as if none had been."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from orders.models import Order
from orders.selectors import access_token
from payments import services
from payments.models import Payment, Refund, StripeEvent
from payments.tests.dying import Mortal
from payments.tests.paying import an_order, confirm, events, paid, started
from products.models import StockItem
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from shop.events.tests.conftest import database_url

pytestmark = pytest.mark.django_db(transaction=True)

KILLED = -9
URL = "/api/v1/payments/"
WEBHOOK = f"{URL}webhooks/stripe/"


@pytest.fixture(scope="module")
def mortal(django_db_setup) -> Iterator[Mortal]:
    process = Mortal(database_url())
    yield process
    process.close()


def stripe_settings() -> dict[str, object]:
    names = ("STRIPE_API_BASE", "STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRETS")
    return {name: getattr(settings, name) for name in names}


def told(type_: str) -> int:
    return OutboxEvent.objects.filter(type=type_).count()


def test_starting_to_pay(stripe, mortal):
    for place in (
        "payment.after_commit_before_stripe",
        "stripe.create.sent_not_read",
        "payment.intent_known_not_saved",
        "payment.saved_before_response",
    ):
        order = an_order()
        body = {"order": str(order.pk)}
        headers = {
            "Idempotency-Key": str(uuid4()),
            "X-Order-Token": access_token(order.pk, order.token_version),
        }
        post = {"path": URL, "body": json.dumps(body), "headers": headers}

        for _ in range(2):
            died = mortal.do("post", die_at=place, settings=stripe_settings(), **post)
            assert died == KILLED, place
        order.refresh_from_db()
        assert (order.status, order.payment_status) == ("pending", "unpaid"), place

        first, again = (
            Client().post(URL, body, content_type="application/json", headers=headers) for _ in range(2)
        )
        assert (first.status_code, again.content) == (201, first.content), place
        (intent,) = [
            one for one in stripe.ledger("payment_intent") if one["metadata"]["order"] == str(order.pk)
        ]
        assert first.json()["client_secret"] == intent["client_secret"], place
        assert Payment.objects.get(order=order).pi_id == intent["id"], place


def test_being_told_by_stripe(stripe, mortal):
    for place, stored in (
        ("webhook.verified_before_tx", False),
        ("webhook.in_tx_after_event_insert", False),
        ("webhook.after_stock_commit", True),
        ("webhook.after_outbox_insert", True),
        ("webhook.after_commit_before_200", True),
    ):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment)
        event = events(stripe, "payment_intent.succeeded")[-1]
        raw = json.dumps(event)
        headers = {"Stripe-Signature": stripe.sign(raw.encode())}
        before = (told("payments.payment_succeeded.v1"), told("orders.order_paid.v1"))
        sold = StockItem.objects.get(variant=order.lines.get().variant_id).on_hand - 1

        post = {"path": WEBHOOK, "body": raw, "headers": headers}
        assert mortal.do("post", die_at=place, settings=stripe_settings(), **post) == KILLED, place

        assert StripeEvent.objects.filter(pk=event["id"]).exists() is stored, place
        if place != "webhook.after_commit_before_200":
            assert Order.objects.get(pk=order.pk).payment_status == "unpaid", place
            assert told("orders.order_paid.v1") == before[1], place
        # Stripe sends it again, and the worker looks after what is stored.
        answer = Client().post(WEBHOOK, raw, content_type="application/json", headers=headers)
        assert answer.status_code == 200, place
        StripeEvent.objects.filter(processed_at__isnull=True).update(next_attempt_at=timezone.now())
        services.retry_webhooks(now=timezone.now())
        order.refresh_from_db()
        assert order.payment_status == "paid", place
        after = (told("payments.payment_succeeded.v1"), told("orders.order_paid.v1"))
        assert after == (before[0] + 1, before[1] + 1), place
        assert StockItem.objects.get(variant=order.lines.get().variant_id).on_hand == sold, place


def test_sending_a_refund(stripe, mortal):
    payment = paid(stripe, an_order())
    for place in ("refund.before_call", "stripe.refund.sent_not_read", "refund.answered_not_saved"):
        refund_id = use_case(
            services.request_refund,
            payment_id=payment.pk,
            amount=100,
            reason=Refund.Reason.STAFF,
            actor_id=None,
            now=timezone.now(),
        )

        assert mortal.do("send_refunds", die_at=place, settings=stripe_settings()) == KILLED, place

        refund = Refund.objects.get(pk=refund_id)
        assert (refund.state, services.send_refunds(now=timezone.now())) == ("requested", 0), place
        # The lease of the one that died has run out.
        Refund.objects.update(not_before=None)
        assert services.send_refunds(now=timezone.now()) == 1, place
        there = [one for one in stripe.ledger("refund") if one["metadata"]["refund"] == str(refund_id)]
        refund.refresh_from_db()
        assert ([one["amount"] for one in there], refund.state) == ([100], "succeeded"), place


def test_control_without_a_failpoint_it_lives(stripe, mortal):
    assert mortal.do("send_refunds", settings=stripe_settings()) == 0
