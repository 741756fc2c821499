"""Many webhooks at once, or a Stripe that is down: they are stored and answered, and settled by the worker."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from payments import services
from payments.models import StripeEvent
from payments.services import webhooks
from payments.tests.paying import an_order, confirm, events, started
from payments.tests.test_webhooks import a_success, post

pytestmark = pytest.mark.django_db


class TestBurst:
    def test_leaves_what_comes_while_another_is_settled_to_the_worker(self, stripe):
        """A burst is answered by storing; of a process's threads one settles."""
        payment, raw = a_success(stripe)
        before = len(stripe.requests)
        with webhooks._turn:
            response = post(raw, stripe.sign(raw))

        event = StripeEvent.objects.get()
        assert (response.status_code, event.processed_at, event.attempts) == (200, None, 0)
        assert len(stripe.requests) == before
        assert services.retry_webhooks(now=timezone.now()) == 1
        payment.refresh_from_db()
        assert payment.pays_order
        assert not webhooks._turn.locked()

    def test_tries_no_more_than_three_while_stripe_is_down(self, stripe):
        for _ in range(4):
            payment = started(an_order())
            confirm(stripe, payment)
        stripe.fail_next("GET", "payment_intents/", "before", times=10)
        with webhooks._turn:
            for event in events(stripe, "payment_intent.succeeded"):
                raw = json.dumps(event).encode()
                post(raw, stripe.sign(raw))

        assert services.retry_webhooks(now=timezone.now()) == 0

        assert sorted(StripeEvent.objects.values_list("attempts", flat=True)) == [0, 1, 1, 1]
        stripe.faults.clear()
        later = timezone.now() + timedelta(seconds=5)
        assert services.retry_webhooks(now=later) == 4
