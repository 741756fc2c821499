"""What payments do when they hear something, and what they say: through the outbox and the groups' consumers."""

from __future__ import annotations

import json

import pytest
from django.db import transaction
from django.utils import timezone

from cart import services as cart
from cart.models import ShippingRate
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from orders import services as orders
from orders.models import Order
from orders.tests.factories import place_cart
from payments import services
from payments.models import Payment, Receipt, Refund
from payments.tests.paying import an_order, confirm, paid, started
from products.tests.factories import variant
from shop.core.transactions import use_case
from shop.events.local import LocalBackend
from shop.events.models import DeadLetter, OutboxEvent, ParkedEvent

pytestmark = pytest.mark.django_db


def spread(times: int = 1) -> None:
    """Hand out what is in the outbox, as the relay does, until nothing new is said."""
    seen = 0
    while (count := OutboxEvent.objects.count()) > seen:
        rows = list(OutboxEvent.objects.order_by("pk")[seen:count])
        for _ in range(times):
            LocalBackend().send(rows)
        seen = count
    assert not ParkedEvent.objects.filter(group="payments").exists()
    assert not DeadLetter.objects.filter(group="payments").exists()


def cancel(order: Order) -> None:
    use_case(orders.cancel_order, order_id=order.pk, actor=orders.Actor(), now=timezone.now())


@pytest.mark.parametrize("times", [1, 3])
def test_a_payment_gets_its_receipt(stripe, times):
    payment = paid(stripe, an_order())

    spread(times)

    assert Receipt.objects.get().payment == payment


@pytest.mark.parametrize("times", [1, 3])
def test_a_cancelled_order_gets_its_money_back_once(stripe, times):
    order = an_order()
    paid(stripe, order)
    cancel(order)

    spread(times)
    services.send_refunds(now=timezone.now())
    spread(times)

    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("cancelled", "refunded")
    assert [refund["amount"] for refund in stripe.ledger("refund")] == [order.total]
    assert Refund.objects.count() == 1


def test_a_cancelled_order_loses_its_intent(stripe):
    order = an_order()
    payment = started(order)
    cancel(order)

    spread()
    services.cancel_intents(now=timezone.now())

    assert stripe.get(payment.pi_id)["status"] == "canceled"
    assert confirm(stripe, payment) == 400


def test_an_order_that_costs_nothing_gets_a_payment_and_a_receipt(stripe):
    now = timezone.now()
    selling(shipping=0)
    coupon("ALL", value=1_000_000)
    ShippingRate.objects.update(amount=0)
    who = shopper()
    filled(who, variant(now=now), now=now)
    with transaction.atomic():
        cart.add_coupon(owner=who.owner, code="ALL", now=now)
    order = place_cart(who, bound_for(who, now=now).totals.total, now=now)
    assert (order.total, order.payment_status) == (0, "paid")

    spread(2)

    payment = Payment.objects.get()
    assert (payment.provider, payment.status, payment.order_id) == ("free", "succeeded", order.pk)
    assert Receipt.objects.get().payment == payment
    assert stripe.requests == []


def test_nothing_that_is_said_holds_a_secret_or_a_card(stripe):
    order = an_order()
    payment = started(order)
    confirm(stripe, payment, "pm_card_chargeDeclined")
    services.settle_payment(payment_id=payment.pk, now=timezone.now())
    confirm(stripe, payment)
    services.settle_payment(payment_id=payment.pk, now=timezone.now())
    spread()

    said = json.dumps(list(OutboxEvent.objects.values_list("payload", flat=True)))

    assert stripe.get(payment.pi_id)["client_secret"] not in said
    assert not any(word in said for word in ("4242", "secret", "sk_test", "whsec", "ada@example.com"))
