"""Fixtures of this app's tests: a Stripe of one's own, and both ledgers compared after each test."""

from __future__ import annotations

import pytest

from payments import stripe_client
from payments.services import webhooks
from payments.services.turns import Turn
from payments.tests.ledgers import broken_promises, come_to_rest
from payments.tests.paying import SECRET
from tests.stripe_fake_shop import FAST
from tools.stripe_fake import StripeFake


@pytest.fixture
def stripe(db, settings, monkeypatch):
    """Give the shop a fake of Stripe; afterwards every promise about money must hold."""
    # The SDK's own second tries only cost time here; one test looks at them.
    monkeypatch.setattr(stripe_client, "_RETRIES", 0)
    # A burst in an earlier test is over.
    monkeypatch.setattr(webhooks, "_turn", Turn())
    with StripeFake(webhook_secret=SECRET, **FAST) as fake:
        settings.STRIPE_API_BASE = fake.base_url
        settings.STRIPE_SECRET_KEY = "sk_test_shop"
        settings.STRIPE_PUBLISHABLE_KEY = "pk_test_shop"
        settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
        yield fake
        come_to_rest(fake)
        assert broken_promises(fake) == []
