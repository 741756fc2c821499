"""Many webhooks at once, or a Stripe that is down: they are stored and answered, and settled by the worker."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from payments import services
from payments.models import StripeEvent
from payments.services import webhooks
from payments.services.turns import Turn
from payments.tests.paying import an_order, confirm, events, started
from payments.tests.test_webhooks import a_success, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken(monkeypatch):
    """Take this process's turn, as a thread does that settles; return it."""
    turn = Turn()
    monkeypatch.setattr(webhooks, "_turn", turn)
    assert turn.take()
    return turn


class TestBurst:
    def test_leaves_what_comes_while_another_is_settled_to_the_worker(self, stripe, taken):
        """A burst is answered by storing; of a process's threads one settles."""
        payment, raw = a_success(stripe)
        before = len(stripe.requests)
        response = post(raw, stripe.sign(raw))
        taken.give_back()

        event = StripeEvent.objects.get()
        assert (response.status_code, event.processed_at, event.attempts) == (200, None, 0)
        assert len(stripe.requests) == before
        assert services.retry_webhooks(now=timezone.now()) == 1
        payment.refresh_from_db()
        assert payment.pays_order
        assert taken.is_free()

    def test_needs_no_turn_for_what_is_ignored(self, stripe, taken):
        confirm(stripe, started(an_order()))
        raw = json.dumps(events(stripe, "payment_intent.created")[0]).encode()

        post(raw, stripe.sign(raw))

        event = StripeEvent.objects.get()
        assert (event.ignored, event.processed_at is None, event.next_attempt_at) == ("type", False, None)
        assert taken.take() is False

    def test_leaves_to_the_worker_at_once_what_loses_the_turn_while_it_is_stored(self, stripe, monkeypatch):
        _payment, raw = a_success(stripe)
        monkeypatch.setattr(webhooks, "_turn", SimpleNamespace(is_free=lambda: True, take=lambda: False))

        post(raw, stripe.sign(raw))

        assert services.retry_webhooks(now=timezone.now()) == 1

    def test_tries_no_more_than_three_while_stripe_is_down(self, stripe, taken):
        for _ in range(4):
            payment = started(an_order())
            confirm(stripe, payment)
        stripe.fail_next("GET", "payment_intents/", "before", times=10)
        for event in events(stripe, "payment_intent.succeeded"):
            raw = json.dumps(event).encode()
            post(raw, stripe.sign(raw))

        assert services.retry_webhooks(now=timezone.now()) == 0

        assert sorted(StripeEvent.objects.values_list("attempts", flat=True)) == [0, 1, 1, 1]
        stripe.faults.clear()
        later = timezone.now() + timedelta(seconds=5)
        assert services.retry_webhooks(now=later) == 4


class TestTurn:
    def test_is_one_at_a_time(self):
        turn = Turn()

        assert turn.is_free()
        assert turn.take()
        assert not turn.is_free()
        assert not turn.take()
        turn.give_back()
        assert turn.take()

    def test_rests_for_a_second_once_three_missed_it(self, monkeypatch):
        moment = [100.0]
        monkeypatch.setattr("payments.services.turns.time.monotonic", lambda: moment[0])
        turn = Turn()
        turn.take()

        assert [turn.take() for _ in range(3)] == [False] * 3
        turn.give_back()

        assert (turn.is_free(), turn.take()) == (False, False)
        moment[0] += 1
        assert turn.take()
        turn.take()
        turn.give_back()
        assert turn.is_free()

    def test_rests_for_another_second_while_twenty_ask_in_one(self, monkeypatch):
        moment = [100.0]
        monkeypatch.setattr("payments.services.turns.time.monotonic", lambda: moment[0])
        turn = Turn()
        turn.take()
        for _ in range(3):
            turn.take()
        turn.give_back()

        assert [turn.take() for _ in range(20)] == [False] * 20
        moment[0] += 1
        assert [turn.take() for _ in range(19)] == [False] * 19
        moment[0] += 1
        assert turn.take()
