"""While Stripe keeps a call waiting, nobody waits for us: no transaction is open and no lock is held."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orders.selectors import access_token
from orders.tests.parcels import ship
from payments import gateway, services, stripe_client
from payments.models import Payment, Refund
from payments.tests.paying import an_order, confirm, events, paid, started
from payments.tests.test_events import spread
from shop.core.transactions import use_case
from tests.stripe_fake_shop import until
from users.tests.clients import anonymous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]
URL = "/api/v1/payments/"


@contextmanager
def hanging(stripe: Any, method: str, path: str, act: Callable[[], Any]) -> Iterator[int]:
    """Run something on a connection of its own until its call hangs at Stripe; yield its backend, then let it end."""
    backend: list[int] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                backend.append(cursor.fetchone()[0])
            act()
        finally:
            connection.close()

    stripe.fail_next(method, path, "hang", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        try:
            until(lambda: stripe.faults.hanging or running.done(), seconds=30)
            assert not running.done()
            yield backend[0]
        finally:
            stripe.faults.let_go()
        running.result()


def held_by(backend: int) -> tuple[str, bool, int]:
    """Return how a backend stands: its state, whether it is in a transaction, and how many locks it holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, xact_start IS NOT NULL, (SELECT count(*) FROM pg_locks WHERE pid = %s)"
            " FROM pg_stat_activity WHERE pid = %s",
            [backend, backend],
        )
        return cursor.fetchone()


def pay(mode: str) -> Callable[[Any], Callable[[], Any]]:
    """Return what prepares an order, and then begins to pay it over HTTP."""

    def prepare(stripe: Any) -> Callable[[], Any]:
        order = an_order()
        headers = {
            "Idempotency-Key": str(uuid4()),
            "X-Order-Token": access_token(order.pk, order.token_version),
        }

        def act() -> None:
            response = anonymous().post(URL, {"order": str(order.pk), "mode": mode}, headers=headers)
            assert response.status_code == 201

        return act

    return prepare


def refund(stripe: Any) -> Callable[[], Any]:
    payment = paid(stripe, an_order())
    use_case(
        services.request_refund,
        payment_id=payment.pk,
        amount=100,
        reason=Refund.Reason.STAFF,
        actor_id=None,
        now=timezone.now(),
    )
    return lambda: services.send_refunds(now=timezone.now())


def capture(stripe: Any) -> Callable[[], Any]:
    order = an_order()
    payment = started(order)
    confirm(stripe, payment)
    services.settle_payment(payment_id=payment.pk, now=timezone.now())
    ship(order, now=timezone.now())
    spread()
    return lambda: services.capture_payments(now=timezone.now())


def hear_of_success(stripe: Any) -> Callable[[], Any]:
    payment = started(an_order())
    confirm(stripe, payment)
    raw = json.dumps(events(stripe, "payment_intent.succeeded")[-1])

    def act() -> None:
        response = anonymous().generic(
            "POST",
            f"{URL}webhooks/stripe/",
            raw,
            content_type="application/json",
            headers={"Stripe-Signature": stripe.sign(raw.encode())},
        )
        assert response.status_code == 200

    return act


@pytest.mark.parametrize(
    ("prepare", "method", "path"),
    [
        (pay("intent"), "POST", "payment_intents$"),
        (pay("checkout"), "POST", "checkout/sessions$"),
        (refund, "POST", "refunds$"),
        (capture, "POST", "capture$"),
        (hear_of_success, "GET", "payment_intents/"),
    ],
    ids=["intent", "page", "refund", "capture", "webhook"],
)
def test_nothing_is_held(stripe, settings, prepare, method, path):
    settings.PAYMENT_CAPTURE = "shipping" if prepare is capture else "now"
    act = prepare(stripe)

    with hanging(stripe, method, path, act) as backend:
        assert held_by(backend) == ("idle", False, 0)


def test_negative_control_a_call_inside_a_transaction_is_seen(stripe, monkeypatch):
    payment = started(an_order())
    monkeypatch.setattr(stripe_client, "forbid_transaction", lambda what: None)

    @transaction.atomic
    def act() -> None:
        Payment.objects.select_for_update().get(pk=payment.pk)
        gateway.retrieve_intent(payment.pi_id or "")

    with hanging(stripe, "GET", "payment_intents/", act) as backend:
        state, is_in_transaction, locks = held_by(backend)

    assert (state, is_in_transaction) == ("idle in transaction", True)
    assert locks > 0
