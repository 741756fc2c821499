"""A shopper's browser and Stripe's webhooks, for tests: what reaches the shop from outside."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from orders.models import Order
from orders.tests.factories import place
from payments import services
from payments.models import Payment
from products.tests.factories import variant
from tests.stripe_fake_shop import call
from tools.stripe_fake import StripeFake

SECRET = "whsec_test"


def an_order(**values: Any) -> Order:
    """Return a pending order, placed just now: 19.90 and 4.90 for shipping."""
    now = values.pop("now", None) or timezone.now()
    stock = values.pop("on_hand", 10)
    return place(variant(now=now, on_hand=stock), now=now, **values)


def started(order: Order) -> Payment:
    """Return the open payment of an order, with its intent."""
    payment_id = services.start_payment(order_id=order.pk, now=timezone.now()).payment_id
    return Payment.objects.get(pk=payment_id)


def confirm(stripe: StripeFake, payment: Payment, card: str = "pm_card_visa") -> int:
    """Confirm an intent as the shopper's browser does; return the status of Stripe's answer."""
    form = {"client_secret": stripe.get(payment.pi_id or "")["client_secret"], "payment_method": card}
    status, _, _ = call(stripe, "POST", f"/v1/payment_intents/{payment.pi_id}/confirm", form)
    return int(status)


def authenticate(stripe: StripeFake, payment: Payment, result: str = "succeed") -> None:
    """Answer the 3-D Secure step."""
    form = {"client_secret": stripe.get(payment.pi_id or "")["client_secret"], "result": result}
    status, _, _ = call(stripe, "POST", f"/v1/payment_intents/{payment.pi_id}/_3ds", form)
    assert status == 200


def paid(stripe: StripeFake, order: Order, card: str = "pm_card_visa") -> Payment:
    """Return the payment of an order that was paid at Stripe and settled here."""
    payment = started(order)
    confirm(stripe, payment, card)
    services.settle_payment(payment_id=payment.pk, now=timezone.now())
    payment.refresh_from_db()
    return payment


def events(stripe: StripeFake, *types: str) -> list[dict[str, Any]]:
    """Return Stripe's events of these types as they would be sent, oldest first."""
    found = [event for event in stripe.ledger("event") if not types or event["type"] in types]
    return [{name: value for name, value in event.items() if name != "_made_by"} for event in found]


def deliver(stripe: StripeFake, event: dict[str, Any]) -> None:
    """Give an event to the service as its webhook would."""
    raw = json.dumps(event).encode()
    services.record_webhook(raw=raw, signature=stripe.sign(raw), now=timezone.now())


def dashboard_refund(stripe: StripeFake, payment: Payment, amount: int) -> None:
    """Refund at Stripe itself, as its dashboard does: without metadata of ours."""
    form = {"payment_intent": payment.pi_id, "amount": amount}
    status, _, _ = call(stripe, "POST", "/v1/refunds", form, key="sk_test_dashboard")
    assert status == 200
