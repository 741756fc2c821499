"""The seam to Stripe: amounts, errors, and what it never lets through."""

from __future__ import annotations

from typing import Any

import pytest
from babel.numbers import get_currency_precision
from stripe import HTTPClient

from payments import gateway, stripe_client
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.provider import DECIMALS, chargeable, to_provider
from payments.tests.paying import an_order, started
from shop.core.money import EXPONENTS, Money
from tools.stripe_fake import currencies

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# As configured: the tests' own Stripe is asked once.
RETRIES = stripe_client._RETRIES
# Where Babel's number of decimals isn't Stripe's.
BABEL_DIFFERS = {"AFN", "ALL", "ISK", "LAK", "LBP", "MMK", "RSD", "SOS", "STD", "YER"}


class TestAmounts:
    @pytest.mark.parametrize("currency", sorted(EXPONENTS))
    def test_of_every_currency_that_a_shop_may_switch_on_are_known(self, currency):
        fake = {**dict.fromkeys(currencies.ZERO_DECIMAL, 0), **dict.fromkeys(currencies.THREE_DECIMAL, 3)}

        assert DECIMALS[currency] == fake.get(currency.lower(), 2)
        assert DECIMALS[currency] >= EXPONENTS[currency]

    @pytest.mark.parametrize("currency", sorted(EXPONENTS))
    def test_differ_from_babels_only_where_that_is_known(self, currency):
        if currency in BABEL_DIFFERS:
            assert get_currency_precision(currency) != DECIMALS[currency]
        else:
            assert get_currency_precision(currency) == DECIMALS[currency] == EXPONENTS[currency]

    @pytest.mark.parametrize(
        ("amount", "units"),
        [
            (Money(1990, "EUR"), 1990),
            (Money(1990, "JPY"), 1990),
            (Money(1990, "ISK"), 199000),
            (Money(1990, "BHD"), 1990),
        ],
    )
    def test_are_counted_as_stripe_does(self, amount, units):
        assert to_provider(amount) == units

    @pytest.mark.parametrize(
        ("amount", "reason"),
        [
            (Money(49, "EUR"), "amount_too_small"),
            (Money(29, "GBP"), "amount_too_small"),
            (Money(17499, "HUF"), "amount_too_small"),
            (Money(100_000_000, "EUR"), "amount_too_large"),
            (Money(1995, "BHD"), "amount_must_end_in_0"),
        ],
    )
    def test_that_stripe_wouldnt_take_are_refused_before_it_is_asked(self, amount, reason):
        with pytest.raises(GatewayRefused) as refusal:
            chargeable(amount)

        assert refusal.value.facts == {"reason": reason}

    def test_agree_with_the_fakes_own_limits(self):
        assert {code.lower() for code in DECIMALS} <= currencies.KNOWN
        for code in DECIMALS:
            least = currencies.MINIMUM.get(code.lower(), currencies.DEFAULT_MINIMUM)
            with pytest.raises(GatewayRefused):
                chargeable(Money(least // (to_provider(Money(1, code)) or 1) - 1, code))


class TestErrors:
    @pytest.mark.parametrize(
        ("how", "is_stored"),
        [
            ("before", False),
            ("after", False),
            ("429", False),
            ("409", False),
            ("malformed", False),
            ("500", True),
        ],
    )
    def test_that_pass_are_unavailable(self, stripe, how, is_stored):
        stripe.fail_next("GET", "payment_intents/", how)

        with pytest.raises(GatewayUnavailable) as failure:
            gateway.retrieve_intent("pi_1")

        assert failure.value.is_stored is is_stored

    def test_that_last_are_refused_with_stripes_code(self, stripe):
        with pytest.raises(GatewayRefused) as refusal:
            gateway.retrieve_intent("pi_unknown")

        assert refusal.value.facts == {"reason": "resource_missing"}

    def test_a_wrong_key_looks_like_an_outage(self, stripe, settings, caplog):
        settings.STRIPE_SECRET_KEY = "sk_wrong"

        with pytest.raises(GatewayUnavailable):
            gateway.retrieve_intent("pi_1")

        assert [record.levelname for record in caplog.records if record.name == "payments.stripe_client"] == [
            "ERROR"
        ]
        settings.STRIPE_SECRET_KEY = "sk_test_shop"


class TestTime:
    def test_of_a_request_is_at_most_ten_seconds_with_every_retry(self):
        pauses = [min(HTTPClient.INITIAL_DELAY * 2**n, HTTPClient.MAX_DELAY) for n in range(RETRIES)]

        assert stripe_client._PATIENCE + sum(pauses) + RETRIES * stripe_client._LEAST <= 10

    def test_of_an_attempt_ends_with_that_of_the_whole(self):
        client: Any = stripe_client.client_for("sk_test_x", "http://127.0.0.1:1")
        http = client._requestor._get_http_client()

        assert http._timeout == (3.05, stripe_client._PATIENCE - 3.05)
        with stripe_client.patience(2):
            assert sum(http._timeout) <= 2
            with stripe_client.patience(60):
                assert sum(http._timeout) <= 2
        with stripe_client.patience(0):
            assert sum(http._timeout) == pytest.approx(stripe_client._LEAST)

    def test_is_over_although_stripe_hangs_on(self, stripe, monkeypatch):
        payment = started(an_order())
        monkeypatch.setattr(stripe_client, "_PATIENCE", 0.3)
        stripe.fail_next("GET", "payment_intents/", "hang", seconds=60)

        with pytest.raises(GatewayUnavailable):
            gateway.retrieve_intent(payment.pi_id or "")

        # Nobody has been answered yet.
        assert [request.status for request in stripe.requests] == [200, None]
