"""The oracle itself: every kind of broken promise is noticed, each by its own name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orders.models import Order
from payments import services
from payments.models import Dispute, Payment, PaymentException, Refund, StripeEvent
from payments.tests.ledgers import broken_promises
from payments.tests.paying import an_order, deliver, events, paid, started
from shop.core.transactions import use_case

pytestmark = pytest.mark.django_db

# What somebody, or a bug, might do to our rows -> the promises that it breaks.
OURS: dict[str, tuple[Callable[[], object], set[str]]] = {
    "an order is paid by nothing": (
        lambda: Order.objects.filter(payment_status="unpaid").update(payment_status="paid"),
        {"P1/P3"},
    ),
    "money is kept for no order": (
        lambda: Payment.objects.filter(pays_order=True).update(pays_order=False),
        {"P2", "P1/P3", "M7"},
    ),
    "money is kept and complained of": (
        lambda: PaymentException.objects.create(
            kind="duplicate_payment",
            pi_id=Payment.objects.filter(pays_order=True)[0].pi_id or "",
            payment=Payment.objects.filter(pays_order=True)[0],
            amount=1,
            currency="EUR",
            opened_at=timezone.now(),
        ),
        {"P2"},
    ),
    "more was taken than is known": (
        lambda: Payment.objects.filter(pays_order=True).update(captured=2479),
        {"P1/P3", "P4"},
    ),
    "another currency was taken": (
        lambda: Payment.objects.filter(pays_order=True).update(currency="USD"),
        {"P4"},
    ),
    "a lost dispute counts for nothing": (lambda: Dispute.objects.update(state="won"), {"P4", "Disputes"}),
    "a webhook is forgotten": (
        lambda: StripeEvent.objects.update(processed_at=None, next_attempt_at=timezone.now()),
        {"P5"},
    ),
    "a payment is undone": (
        lambda: Payment.objects.filter(status="requires_payment").update(
            status="canceled", canceled_at=timezone.now()
        ),
        {"P6"},
    ),
    "a refund is unknown": (lambda: Refund.objects.all().delete(), {"P4", "P8", "M7"}),
    "a refund is smaller than it was": (lambda: Refund.objects.update(amount=479), {"P4", "P8", "M7"}),
    "a refund failed and nobody sees it": (
        lambda: Refund.objects.update(state="failed"),
        {"P4", "P8", "M7"},
    ),
    "more goes back than came": (
        lambda: Refund.objects.create(
            payment=Payment.objects.filter(pays_order=True)[0],
            amount=2001,
            currency="EUR",
            reason="staff",
            created_at=timezone.now(),
        ),
        {"M7"},
    ),
    "an order says that more went back": (
        lambda: Order.objects.filter(refunded_total=480).update(refunded_total=481),
        {"M7"},
    ),
    "a dispute is unknown": (lambda: Dispute.objects.all().delete(), {"P4", "Disputes"}),
    "a flag stays": (lambda: Order.objects.update(disputed=True), {"Disputes"}),
}


def double(things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*things, {**things[0], "id": "twin", "status": "canceled", "amount_received": 0}]


def rekey(things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**thing, "_made_by": {**thing["_made_by"], "idempotency_key": None}} for thing in things]


# What Stripe might hold that we don't know of.
THEIRS: dict[str, tuple[str, Callable[[list[dict[str, Any]]], list[dict[str, Any]]], set[str]]] = {
    "two intents under one key": ("payment_intent", double, {"P7"}),
    "intents under no key of ours": ("payment_intent", rekey, {"P7"}),
    "a refund under no key of ours": ("refund", rekey, {"P7"}),
    "an intent that nobody knows any more": (
        "payment_intent",
        lambda _: [],
        {"P1/P3", "P4", "P6", "P8", "Disputes"},
    ),
}


class Tampered:
    """A fake of Stripe whose books were tampered with."""

    def __init__(
        self, stripe: Any, kind: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
    ):
        self._stripe, self._kind, self._change = stripe, kind, change

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        things = self._stripe.ledger(kind)
        return self._change(things) if kind == self._kind else things


def test_every_corruption_is_noticed(stripe):
    payment = paid(stripe, an_order())
    started(an_order())
    deliver(stripe, events(stripe, "payment_intent.succeeded")[0])
    use_case(
        services.request_refund,
        payment_id=payment.pk,
        amount=480,
        reason=Refund.Reason.STAFF,
        actor_id=None,
        now=timezone.now(),
    )
    services.send_refunds(now=timezone.now())
    dispute = stripe.open_dispute(payment.charge_id, amount=100)["id"]
    stripe.close_dispute(dispute, "lost")
    services.settle_dispute(stripe_id=dispute, now=timezone.now())
    assert broken_promises(stripe) == []

    noticed = {name: found_after(stripe, corrupt) for name, (corrupt, _) in OURS.items()}
    noticed |= {
        name: names(broken_promises(Tampered(stripe, kind, change)))  # type: ignore[arg-type]
        for name, (kind, change, _) in THEIRS.items()
    }

    assert noticed == {name: found for name, (*_, found) in {**OURS, **THEIRS}.items()}


def found_after(stripe: Any, corrupt: Callable[[], object]) -> set[str]:
    """Return which promises are broken after a corruption that is undone then."""
    with transaction.atomic():
        corrupt()
        found = names(broken_promises(stripe))
        transaction.set_rollback(True)
    connection.check_constraints()
    return found


def names(broken: list[str]) -> set[str]:
    return {sentence.partition(":")[0] for sentence in broken}
