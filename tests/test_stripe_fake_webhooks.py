"""The deliveries, faults, state and pages of the local fake of Stripe."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import stripe

from tests.stripe_fake_shop import (
    FAST,
    SECRET,
    Receiver,
    call,
    control,
    error_of,
    event_types,
    new_intent,
    paid,
    shop_at,
    submit,
    until,
)
from tools.stripe_fake import StripeFake

pytestmark = pytest.mark.enable_socket


ROOT = Path(__file__).parent.parent


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def fake(receiver):
    with StripeFake(webhook_url=receiver.url, webhook_secret=SECRET, **FAST) as fake:
        yield fake


@pytest.fixture
def shop(fake):
    return shop_at(fake)


class TestWebhooks:
    def test_are_signed_as_the_sdk_checks_it(self, fake, shop, receiver):
        intent = paid(shop)
        assert fake.wait_until_delivered(5)
        events = [stripe.Webhook.construct_event(body, header, SECRET) for body, header in receiver.got]
        assert sorted(event.type for event in events) == [
            "charge.succeeded",
            "payment_intent.created",
            "payment_intent.succeeded",
        ]
        (succeeded,) = (event for event in events if event.type == "payment_intent.succeeded")
        assert (succeeded.data.object.id, succeeded.data.object.amount_received) == (intent.id, 1999)
        assert (succeeded.livemode, succeeded.object) == (False, "event")
        body, header = receiver.got[0]
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body + b" ", header, SECRET)

    def test_are_tried_again_until_they_are_taken(self, fake, shop, receiver):
        receiver.statuses = [500, 302, 404]
        intent = new_intent(shop)
        assert fake.wait_until_delivered(5)
        assert receiver.types() == ["payment_intent.created"] * 4
        assert len({json.loads(body)["id"] for body, _ in receiver.got}) == 1
        (event,) = shop.v1.events.list({"types": ["payment_intent.*"], "created[gte]": intent.created}).data
        assert event.pending_webhooks == 0

    def test_do_not_hold_up_the_api(self, fake, shop, receiver):
        receiver.gate.clear()
        started = time.monotonic()
        for _ in range(10):
            new_intent(shop)
        assert time.monotonic() - started < 2
        assert len(fake.pending_deliveries()) == 10
        receiver.gate.set()
        assert fake.wait_until_delivered(5)

    def test_can_be_held_dropped_repeated_and_forged(self, fake, shop, receiver):
        fake.webhooks_paused = True
        intent = new_intent(shop)
        (event,) = fake.ledger("event")
        assert fake.send_event(event["id"], times=3, concurrent=True) == [200, 200, 200]
        assert receiver.types() == ["payment_intent.created"] * 3
        fake.webhooks_paused = "drop"
        new_intent(shop)
        fake.webhooks_paused = False
        assert fake.wait_until_delivered(5)
        assert len(receiver.got) == 4
        forged = fake.make_event(
            "payment_intent.payment_failed", {**fake.get(intent.id), "status": "canceled"}
        )
        assert fake.send_event(forged["id"]) == [200]
        body, _ = receiver.got[-1]
        assert stripe.Webhook.construct_event(body, fake.sign(body), SECRET).data.object.status == "canceled"
        assert shop.v1.events.retrieve(forged["id"]).type == "payment_intent.payment_failed"

    def test_come_twice_late_and_newest_first_on_command(self, fake, shop, receiver):
        fake.misdeliver(times=2)
        new_intent(shop)
        assert fake.wait_until_delivered(5)
        assert len(receiver.got) == 2
        assert control(fake, "/webhooks", times=1, delay=0.1, newest_first=True)[0] == 200
        receiver.got.clear()
        shop.v1.payment_intents.cancel(new_intent(shop).id)
        assert receiver.got == []
        assert fake.wait_until_delivered(5)
        fake.webhooks_paused = True
        fake.misdeliver(delay=0.0)
        receiver.got.clear()
        shop.v1.payment_intents.cancel(new_intent(shop).id)
        fake.webhooks_paused = False
        assert fake.wait_until_delivered(5)
        assert receiver.types() == ["payment_intent.canceled", "payment_intent.created"]

    def test_are_signed_with_both_secrets_while_one_is_rotated(self, fake, shop, receiver):
        def is_signed(secret):
            body, header = receiver.got[-1]
            try:
                return bool(stripe.Webhook.construct_event(body, header, secret))
            except stripe.SignatureVerificationError:
                return False

        fake.rotate_secret("whsec_new")
        new_intent(shop)
        assert fake.wait_until_delivered(5)
        assert (is_signed(SECRET), is_signed("whsec_new"), is_signed("whsec_wrong")) == (True, True, False)
        assert control(fake, "/webhooks", secret="whsec_newer")[0] == 200
        new_intent(shop)
        assert fake.wait_until_delivered(5)
        assert (is_signed("whsec_new"), is_signed("whsec_newer")) == (False, True)

    def test_reach_endpoints_that_asked_for_them(self, fake, shop, receiver):
        fake.webhook_url = None
        wanted = {"url": receiver.url, "enabled_events": ["payment_intent.succeeded"]}
        endpoint = shop.v1.webhook_endpoints.create(wanted)
        paid(shop)
        assert fake.wait_until_delivered(5)
        assert receiver.types() == ["payment_intent.succeeded"]
        body, header = receiver.got[0]
        stripe.Webhook.construct_event(body, header, endpoint.secret)
        assert "secret" not in shop.v1.webhook_endpoints.list().data[0]
        shop.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
        paid(shop)
        assert fake.pending_deliveries() == []
        assert shop.v1.webhook_endpoints.delete(endpoint.id).deleted is True


class TestRestart:
    def test_keeps_state_keys_and_undelivered_webhooks(self, tmp_path, receiver):
        settings = {"data": tmp_path, "webhook_url": receiver.url, "webhook_secret": SECRET, **FAST}
        with StripeFake(**{**settings, "settle_after": 0.3}) as first:
            first.webhooks_paused = True
            intent = new_intent(shop_at(first), "key-1")
            late = paid(shop_at(first), "pm_sepa_debit")
            before = first.ledger()
            port = first.port
        assert receiver.got == []

        with StripeFake(port=port, **settings) as second:
            again = new_intent(shop_at(second), "key-1")
            assert (again.id, again.client_secret) == (intent.id, intent.client_secret)
            assert [thing["id"] for thing in second.ledger()][: len(before)] == [
                thing["id"] for thing in before
            ]
            until(lambda: second.get(late.id)["status"] == "succeeded")
            assert second.wait_until_delivered(5)
            assert sorted(receiver.types()) == sorted(event_types(second))

    def test_runs_from_the_command_line_and_stops_cleanly(self, tmp_path, receiver):
        command = [sys.executable, "-m", "tools.stripe_fake", "--port", "0", "--data", str(tmp_path)]
        options = ["--webhook-url", receiver.url, "--webhook-secret", SECRET]
        for number in (signal.SIGTERM, signal.SIGINT):
            with subprocess.Popen(
                [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
            ) as process:
                try:
                    assert process.stdout is not None
                    line = process.stdout.readline()
                    base = line.removeprefix("Fake Stripe ready at ").strip()
                    client = stripe.StripeClient("sk_test_x", base_addresses={"api": base})
                    assert client.v1.balance.retrieve().livemode is False
                    assert client.v1.accounts.retrieve_current().charges_enabled is True
                finally:
                    process.send_signal(number)
                assert process.wait(5) == 0


class TestFaults:
    @pytest.mark.parametrize(("how", "made"), [("before", 0), ("after", 1)])
    def test_close_the_connection(self, fake, shop, how, made):
        fake.fail_next("POST", "/v1/payment_intents$", how)
        with pytest.raises(stripe.APIConnectionError):
            new_intent(shop, "key-1")
        assert len(fake.ledger("payment_intent")) == made
        new_intent(shop, "key-1")
        assert len(fake.ledger("payment_intent")) == 1
        assert [(r.status, r.is_replay) for r in fake.requests] == [(0, False), (200, made == 1)]

    @pytest.mark.parametrize(("how", "made"), [("500", 0), ("500_after", 1)])
    def test_store_a_500_under_the_key(self, fake, shop, how, made):
        fake.fail_next("POST", "payment_intents", how)
        for _ in range(2):
            with pytest.raises(stripe.APIError) as caught:
                new_intent(shop, "key-1")
            assert caught.value.http_status == 500
        assert len(fake.ledger("payment_intent")) == made
        assert fake.requests[-1].is_replay is True

    @pytest.mark.parametrize(
        ("how", "status", "error"), [("429", 429, stripe.RateLimitError), ("409", 409, stripe.APIError)]
    )
    def test_refuse_without_effect(self, fake, shop, how, status, error):
        fake.fail_next("*", "payment_intents", how)
        with pytest.raises(error) as caught:
            new_intent(shop, "key-1")
        assert caught.value.http_status == status
        assert new_intent(shop, "key-1").status == "requires_payment_method"

    def test_cut_the_json(self, fake, shop):
        fake.fail_next("POST", "payment_intents", "malformed")
        with pytest.raises(stripe.APIError, match="Invalid response body"):
            new_intent(shop, "key-1")
        assert new_intent(shop, "key-1").id == fake.ledger("payment_intent")[0]["id"]

    def test_are_scripted_over_http(self, fake, shop, monkeypatch):
        # On a busy machine the payment would end by itself before it is told to.
        monkeypatch.setattr(fake._settings, "settle_after", 60.0)
        assert control(fake, "/faults", method="POST", path="refunds", how="500") == (200, {"faults": 1})
        assert control(fake, "/faults", path="refunds", how="nonsense")[0] == 400
        intent = paid(shop, "pm_usBankAccount")
        assert (
            control(fake, f"/payment_intents/{intent.id}/settle", result="succeed")[1]["status"]
            == "succeeded"
        )
        with pytest.raises(stripe.APIError):
            shop.v1.refunds.create({"payment_intent": intent.id})
        assert control(fake, "/webhooks", paused=True)[1]["webhooks_paused"] is True
        _, dispute = control(fake, "/disputes", charge=fake.get(intent.id)["latest_charge"], amount=100)
        assert control(fake, f"/disputes/{dispute['id']}/close", verdict="won")[1]["status"] == "won"
        _, event = control(fake, "/events", type="payment_intent.created", object=intent.id)
        assert control(fake, f"/events/{event['id']}/send", times=2)[1] == {"statuses": [200, 200]}
        ledger = json.loads(call(fake, "GET", "/_fake/ledger?object=refund", key=None)[1])
        health = json.loads(call(fake, "GET", "/_fake/health", key=None)[1])
        assert (ledger, health["status"]) == ({"data": []}, "ok")
        assert call(fake, "POST", "/_fake/webhooks", {"paused": "true"}, None)[0] == 415


class TestKeys:
    def test_are_needed(self, fake):
        for key in ("sk_live_abc", "nonsense"):
            with pytest.raises(stripe.AuthenticationError) as caught:
                new_intent(shop_at(fake, key))
            assert caught.value.http_status == 401
        status, body, headers = call(fake, "GET", "/v1/balance", key=None)
        assert (status, json.loads(body)["error"]["type"]) == (401, "invalid_request_error")
        assert headers["Request-Id"].startswith("req_")
        assert call(fake, "GET", "/v1/balance", key=None, Authorization="Basic c2tfdGVzdF94Og==")[0] == 200

    def test_of_browsers_do_only_what_browsers_may(self, fake, shop):
        intent = new_intent(shop)
        browser = shop_at(fake, "pk_test_browser")
        for act in (
            lambda: new_intent(browser),
            lambda: browser.v1.refunds.create({"payment_intent": intent.id}),
            lambda: browser.v1.payment_intents.list(),
            lambda: browser.v1.payment_intents.cancel(intent.id),
        ):
            with pytest.raises(stripe.PermissionError) as caught:
                act()
            assert (caught.value.http_status, error_of(caught).code) == (403, "secret_key_required")
        path = f"/v1/payment_intents/{intent.id}"
        assert call(fake, "GET", f"{path}?client_secret={intent.client_secret}")[0] == 200
        for secret in ("", "?client_secret=wrong"):
            assert call(fake, "GET", path + secret)[0] == 400
        assert call(fake, "POST", f"{path}/confirm", {"payment_method": "pm_card_visa"})[0] == 400
        assert call(fake, "OPTIONS", path, key=None)[0] == 204
        assert shop.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


class TestCheckout:
    @pytest.fixture
    def session(self, shop):
        price = {"currency": "eur", "unit_amount": 1000, "product_data": {"name": "Lamp <b>"}}
        return shop.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [{"price_data": price, "quantity": 2}],
                "success_url": "http://127.0.0.1:9/ok?s={CHECKOUT_SESSION_ID}",
                "cancel_url": "http://127.0.0.1:9/no",
                "client_reference_id": "42",
                "payment_intent_data": {"metadata": {"order": "42"}},
            }
        )

    def test_is_paid_on_its_page(self, fake, shop, session):
        path = session.url.removeprefix(fake.base_url)
        assert b"2 &times; Lamp &lt;b&gt;" in call(fake, "GET", path, key=None)[1]
        assert "The card was declined." in submit(session.url, "action=pay&card=pm_card_chargeDeclined")
        assert submit(session.url, "action=cancel") == "http://127.0.0.1:9/no"
        bank = submit(session.url, "action=pay&card=pm_card_authenticationRequired")
        assert submit(bank, "result=succeed").startswith(session.url + "/return?payment_intent=pi_")

        done = shop.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent", "line_items"]})

        assert (done.status, done.payment_status, done.amount_total) == ("complete", "paid", 2000)
        assert (done.payment_intent.status, done.payment_intent.metadata["order"]) == ("succeeded", "42")
        assert done.line_items.data[0].quantity == 2
        assert event_types(fake)[-1] == "checkout.session.completed"

    def test_expires(self, fake, shop, session):
        assert shop.v1.checkout.sessions.expire(session.id).status == "expired"
        assert "expired" in submit(session.url, "action=pay&card=pm_card_visa")
        assert event_types(fake) == ["checkout.session.expired"]
