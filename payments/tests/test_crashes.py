"""Where a process may die: whatever was done stays whole, and trying again ends as if nothing had happened."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from payments import services
from payments.models import Payment, Refund, StripeEvent
from payments.tests.paying import an_order, confirm, deliver, events, paid, started
from shop.core.failpoints import FailpointReached
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def die_at(settings):
    def die(name: str | None) -> None:
        settings.FAILPOINTS = {name: "raise"} if name else {}

    yield die
    settings.FAILPOINTS = {}


@pytest.mark.parametrize(
    "place",
    [
        "payment.after_commit_before_stripe",
        "stripe.create.sent_not_read",
        "payment.intent_known_not_saved",
        "payment.saved_before_response",
    ],
)
def test_starting_again_finds_the_one_intent(stripe, die_at, place):
    order = an_order()
    die_at(place)
    for _ in range(2):
        with pytest.raises(FailpointReached):
            services.start_payment(order_id=order.pk, now=timezone.now())
    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("pending", "unpaid")
    die_at(None)

    begun = services.start_payment(order_id=order.pk, now=timezone.now())

    (intent,) = stripe.ledger("payment_intent")
    assert Payment.objects.get().pi_id == intent["id"]
    assert begun.client_secret == intent["client_secret"]


@pytest.mark.parametrize(
    ("place", "stored"),
    [
        ("webhook.verified_before_tx", 0),
        ("webhook.in_tx_after_event_insert", 0),
        ("webhook.after_commit_before_200", 1),
    ],
)
def test_a_webhook_that_wasnt_answered_comes_again(stripe, die_at, place, stored):
    payment = started(an_order())
    confirm(stripe, payment)
    (event,) = events(stripe, "payment_intent.succeeded")
    die_at(place)
    with pytest.raises(FailpointReached):
        deliver(stripe, event)
    assert StripeEvent.objects.count() == stored
    die_at(None)

    deliver(stripe, event)

    payment.refresh_from_db()
    assert (payment.status, StripeEvent.objects.get().processed_at is not None) == ("succeeded", True)
    assert OutboxEvent.objects.filter(type="payments.payment_succeeded.v1").count() == 1


@pytest.mark.parametrize("place", ["webhook.after_stock_commit", "webhook.after_outbox_insert"])
def test_settling_that_died_before_its_commit_is_done_by_the_worker(stripe, die_at, place):
    payment = started(an_order())
    confirm(stripe, payment)
    before = OutboxEvent.objects.count()
    die_at(place)
    deliver(stripe, events(stripe, "payment_intent.succeeded")[0])
    payment.refresh_from_db()
    assert (payment.status, OutboxEvent.objects.count()) == ("requires_payment", before)
    assert StripeEvent.objects.get().processed_at is None
    die_at(None)
    StripeEvent.objects.update(next_attempt_at=timezone.now())

    assert services.retry_webhooks(now=timezone.now()) == 1

    payment.refresh_from_db()
    assert payment.status == "succeeded"
    assert OutboxEvent.objects.filter(type="payments.payment_succeeded.v1").count() == 1


@pytest.mark.parametrize(
    "place", ["refund.before_call", "stripe.refund.sent_not_read", "refund.answered_not_saved"]
)
def test_a_refund_that_was_interrupted_is_sent_once(stripe, die_at, place):
    payment = paid(stripe, an_order())
    use_case(
        services.request_refund,
        payment_id=payment.pk,
        amount=480,
        reason=Refund.Reason.STAFF,
        actor_id=None,
        now=timezone.now(),
    )
    die_at(place)
    with pytest.raises(FailpointReached):
        services.send_refunds(now=timezone.now())
    assert Refund.objects.get().state == "requested"
    assert services.send_refunds(now=timezone.now()) == 0
    die_at(None)
    # The lease of the one that died has run out.
    Refund.objects.update(not_before=None)

    assert services.send_refunds(now=timezone.now()) == 1

    assert Refund.objects.get().state == "succeeded"
    assert [refund["amount"] for refund in stripe.ledger("refund")] == [480]


def test_nothing_stored_holds_a_secret(stripe):
    payment = started(an_order())
    confirm(stripe, payment)
    for event in events(stripe):
        deliver(stripe, event)
    secret = stripe.get(payment.pi_id)["client_secret"]

    stored = json.dumps(
        [list(model.objects.values()) for model in (Payment, StripeEvent, Refund)], default=str
    )

    assert secret not in stored
    assert "_secret_" not in stored
