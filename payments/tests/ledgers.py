"""Both ledgers side by side: the promises P1 to P8, with the fake's own books as the oracle."""

from __future__ import annotations

from collections import Counter

from django.db.models import Sum
from django.utils import timezone

from orders.models import Order
from payments import services
from payments.models import Payment, PaymentException, Refund, StripeEvent
from tests.stripe_fake_shop import until
from tools.stripe_fake import StripeFake

ARRIVED = ("paid", "partially_refunded", "refunded")


def come_to_rest(stripe: StripeFake) -> None:
    """Let everything that is under way end, as the worker would."""
    stripe.faults.clear()
    for _ in range(3):
        StripeEvent.objects.filter(processed_at__isnull=True).update(next_attempt_at=timezone.now())
        Refund.objects.update(not_before=None)
        Payment.objects.update(cancel_not_before=None)
        services.retry_webhooks(now=timezone.now())
        services.cancel_intents(now=timezone.now())
        _settle_all()
        services.send_refunds(now=timezone.now())
    if stripe._world.settings.refund_after < 1:
        until(lambda: not any(refund["status"] == "pending" for refund in stripe.ledger("refund")))
    _settle_all()


def _settle_all() -> None:
    for payment in Payment.objects.filter(pi_id__isnull=False):
        services.settle_payment(payment_id=payment.pk, now=timezone.now())


def broken_promises(stripe: StripeFake) -> list[str]:
    """Return what the two ledgers disagree on; empty when all promises hold."""
    intents = {intent["id"]: intent for intent in stripe.ledger("payment_intent")}
    return [
        *_every_intent_has_one_end(intents),
        *_paid_orders_have_money(intents),
        *_sums_agree(stripe, intents),
        *_one_object_a_key(stripe),
        *_refunds_match(stripe),
    ]


def _every_intent_has_one_end(intents: dict) -> list[str]:
    broken = []
    for pi_id, intent in intents.items():
        if intent["status"] != "succeeded":
            continue
        keeps = Payment.objects.filter(
            pi_id=pi_id, pays_order=True, order__payment_status__in=ARRIVED
        ).count()
        asks = PaymentException.objects.filter(pi_id=pi_id, refund__isnull=True).count()
        if keeps + asks != 1:
            broken.append(f"P2: {pi_id} pays {keeps} orders and has {asks} exceptions")
    return broken


def _paid_orders_have_money(intents: dict) -> list[str]:
    broken = []
    for order in Order.objects.filter(payment_status__in=ARRIVED, total__gt=0):
        payments = Payment.objects.filter(order=order, pays_order=True)
        good = [
            payment
            for payment in payments
            if intents[payment.pi_id]["amount_received"] == order.total == payment.captured
            and intents[payment.pi_id]["currency"] == order.currency.lower()
        ]
        if len(good) != 1 or len(payments) != 1:
            broken.append(f"P1/P3: {order} is paid by {len(payments)}, rightly by {len(good)}")
    return broken


def _sums_agree(stripe: StripeFake, intents: dict) -> list[str]:
    there = sum(intent["amount_received"] for intent in intents.values())
    there -= sum(refund["amount"] for refund in stripe.ledger("refund") if refund["status"] == "succeeded")
    known = PaymentException.objects.filter(payment__isnull=True).aggregate(sum=Sum("amount"))["sum"] or 0
    here = Payment.objects.aggregate(sum=Sum("captured"))["sum"] or 0
    here -= Refund.objects.filter(state="succeeded").aggregate(sum=Sum("amount"))["sum"] or 0
    return [f"P4: {there} at Stripe, {here} here"] if there != here + known else []


def _one_object_a_key(stripe: StripeFake) -> list[str]:
    ours = [
        thing
        for thing in [*stripe.ledger("payment_intent"), *stripe.ledger("refund")]
        if "attempt" in thing["metadata"] or "refund" in thing["metadata"]
    ]
    keys = Counter(thing["_made_by"]["idempotency_key"] for thing in ours)
    return [f"P7: {count} objects under {key}" for key, count in keys.items() if count > 1 or key is None]


def _refunds_match(stripe: StripeFake) -> list[str]:
    there = {refund["id"]: refund["status"] for refund in stripe.ledger("refund")}
    known = Refund.objects.filter(stripe_id__isnull=False)
    here = {str(refund.stripe_id): refund.state for refund in known}
    broken = [] if there.keys() == here.keys() else [f"P8: {sorted(there)} at Stripe, {sorted(here)} here"]
    failed = Refund.objects.filter(state="failed")
    broken += [f"P8: {refund} failed unseen" for refund in failed if not refund.exceptions.exists()]
    return broken
