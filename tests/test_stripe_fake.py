"""The local fake of Stripe, driven through Stripe's own SDK."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from typing import Any

import pytest
import stripe

from tests.stripe_fake_shop import (
    FAST,
    SECRET,
    call,
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


@pytest.fixture
def fake():
    with StripeFake(webhook_secret=SECRET, **FAST) as fake:
        yield fake


@pytest.fixture
def shop(fake):
    return shop_at(fake)


class TestPurchase:
    def test_takes_the_money_and_announces_it(self, fake, shop):
        intent = new_intent(shop)
        assert (intent.status, intent.livemode) == ("requires_payment_method", False)
        assert re.fullmatch(r"pi_\w{24}_secret_\w{25}", intent.client_secret)

        done = shop.v1.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge.balance_transaction"]}
        )

        assert (done.status, done.amount_received, done.metadata["order"]) == ("succeeded", 1999, "42")
        charge = done.latest_charge
        assert (charge.amount_captured, charge.captured, charge.balance_transaction.net) == (1999, True, 1944)
        assert charge.payment_method_details.card.last4 == "4242"
        assert event_types(fake) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]

    def test_recovers_from_a_decline(self, fake, shop):
        intent = new_intent(shop)
        with pytest.raises(stripe.CardError) as caught:
            shop.v1.payment_intents.confirm(
                intent.id, {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"}
            )
        error = error_of(caught)
        assert (caught.value.http_status, error.code) == (402, "card_declined")
        assert error.decline_code == "insufficient_funds"
        assert error.payment_intent.id == intent.id
        after = shop.v1.payment_intents.retrieve(intent.id)
        assert (after.status, after.payment_method) == ("requires_payment_method", None)
        assert after.last_payment_error.decline_code == "insufficient_funds"

        done = shop.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_mastercard"})

        assert (done.status, done.last_payment_error) == ("succeeded", None)
        statuses = [c.status for c in shop.v1.charges.list({"payment_intent": intent.id}).data]
        assert statuses == ["succeeded", "failed"]
        assert event_types(fake)[1:3] == ["charge.failed", "payment_intent.payment_failed"]

    @pytest.mark.parametrize(
        ("card", "code", "decline_code"),
        [
            ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
            ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
            ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
            ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
        ],
    )
    def test_declines_as_the_card_says(self, shop, card, code, decline_code):
        with pytest.raises(stripe.CardError) as caught:
            paid(shop, card)
        assert (caught.value.code, getattr(error_of(caught), "decline_code", None)) == (code, decline_code)

    @pytest.mark.parametrize(
        ("amount", "currency", "code"),
        [
            (49, "eur", "amount_too_small"),
            (29, "gbp", "amount_too_small"),
            (100_000_000, "usd", "amount_too_large"),
            (1050, "isk", "invalid_charge_amount_no_decimal_compatible"),
            (1005, "kwd", None),
            (500, "eux", None),
            ("19.99", "eur", "parameter_invalid_integer"),
        ],
    )
    def test_refuses_amounts_that_stripe_refuses(self, fake, shop, amount, currency, code):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            new_intent(shop, amount=amount, currency=currency)
        assert (caught.value.http_status, caught.value.code) == (400, code)
        assert fake.ledger() == []

    def test_takes_zero_and_three_decimal_amounts(self, shop):
        assert paid(shop, amount=500, currency="jpy").amount_received == 500
        assert paid(shop, amount=1230, currency="kwd").amount_received == 1230

    def test_ends_in_terminal_states(self, shop):
        intent = paid(shop)
        for act in (shop.v1.payment_intents.confirm, shop.v1.payment_intents.cancel):
            with pytest.raises(stripe.InvalidRequestError) as caught:
                act(intent.id)
            assert caught.value.code == "payment_intent_unexpected_state"
            assert error_of(caught).payment_intent.status == "succeeded"
        canceled = new_intent(shop)
        canceled = shop.v1.payment_intents.cancel(canceled.id, {"cancellation_reason": "abandoned"})
        assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")

    def test_captures_by_hand_in_part(self, fake, shop):
        held = paid(shop, capture_method="manual")
        assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 1999, 0)
        with pytest.raises(stripe.InvalidRequestError):
            shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 2000})

        done = shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 1500})

        assert (done.status, done.amount_received, done.amount_capturable) == ("succeeded", 1500, 0)
        assert "payment_intent.amount_capturable_updated" in event_types(fake)
        assert event_types(fake)[-2:] == ["charge.captured", "payment_intent.succeeded"]
        assert shop.v1.refunds.create({"payment_intent": done.id}).amount == 1500

    def test_settles_asynchronous_methods_later(self, fake, shop):
        good, bad = paid(shop, "pm_sepa_debit"), paid(shop, "pm_sepa_debit_fail")
        assert (good.status, bad.status) == ("processing", "processing")
        until(lambda: fake.get(good.id)["status"] == "succeeded")
        until(lambda: fake.get(bad.id)["status"] == "requires_payment_method")

    def test_finds_by_metadata_and_pages(self, shop):
        first, second = new_intent(shop), new_intent(shop, metadata={"order": "43"})
        found = shop.v1.payment_intents.search({"query": "metadata['order']:'43' AND currency:'eur'"})
        assert [intent.id for intent in found.data] == [second.id]
        page = shop.v1.payment_intents.list({"limit": 1, "created": {"gte": first.created}})
        assert ([i.id for i in page.data], page.has_more) == ([second.id], True)
        rest = shop.v1.payment_intents.list({"starting_after": second.id})
        assert [i.id for i in rest.data] == [first.id]

    def test_updates_while_open(self, shop):
        intent = new_intent(shop)
        after = shop.v1.payment_intents.update(
            intent.id, {"amount": 2500, "metadata": {"order": "", "cart": "7"}}
        )
        assert (after.amount, after.metadata.to_dict()) == (2500, {"cart": "7"})

    def test_refuses_unknown_things(self, shop):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            shop.v1.payment_intents.retrieve("pi_none")
        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
        with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
            shop.v1.products.list()

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ({"colour": "red"}, "Received unknown parameter: colour"),
            (
                {"automatic_payment_methods": {"enable": True}, "colour": "red"},
                "Received unknown parameters: automatic_payment_methods[enable], colour",
            ),
        ],
    )
    def test_refuses_unknown_parameters_before_anything_happens(self, fake, shop, more, message):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            new_intent(shop, key="k", **more)

        assert (caught.value.code, error_of(caught).message) == ("parameter_unknown", message)
        assert fake.ledger() == []
        # A refusal of a name isn't kept under the key.
        assert new_intent(shop, key="k").status == "requires_payment_method"


class TestAuthentication:
    @pytest.mark.parametrize(
        ("result", "status"), [("succeed", "succeeded"), ("fail", "requires_payment_method")]
    )
    def test_is_answered_by_a_script(self, fake, shop, result, status):
        intent = new_intent(shop)
        form = {"payment_method": "pm_card_authenticationRequired", "client_secret": intent.client_secret}
        code, body, headers = call(fake, "POST", f"/v1/payment_intents/{intent.id}/confirm", form)
        asked = json.loads(body)
        assert (code, asked["status"]) == (200, "requires_action")
        assert asked["next_action"]["type"] == "use_stripe_sdk"
        assert "metadata" not in asked
        assert headers["Access-Control-Allow-Origin"] == "*"

        form = {"result": result, "client_secret": intent.client_secret}
        code, body, _ = call(fake, "POST", f"/v1/payment_intents/{intent.id}/_3ds", form)

        assert (code, json.loads(body)["status"]) == (200, status)
        error = shop.v1.payment_intents.retrieve(intent.id).last_payment_error
        assert (error and error.code) == (
            None if result == "succeed" else "payment_intent_authentication_failure"
        )

    def test_is_answered_on_a_page(self, fake, shop):
        back = "http://127.0.0.1:9/done/?order=1"
        intent = paid(shop, "pm_card_threeDSecure2Required", return_url=back)
        url = intent.next_action.redirect_to_url.url.removeprefix(fake.base_url)
        _, page, _ = call(fake, "GET", url)
        assert b"19.99 EUR" in page
        assert b"Complete" in page

        location = submit(fake.base_url + url, "result=succeed")

        assert location.startswith(f"{back}&payment_intent={intent.id}&")
        assert location.endswith("&redirect_status=succeeded")
        assert fake.get(intent.id)["status"] == "succeeded"

    def test_sets_a_card_up_for_later(self, shop):
        customer = shop.v1.customers.create({"email": "ada@example.com"})
        setup = shop.v1.setup_intents.create({"customer": customer.id})
        done = shop.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa"})
        assert done.status == "succeeded"
        kept = shop.v1.customers.payment_methods.list(customer.id)
        assert [method.id for method in kept.data] == [done.payment_method]
        again = paid(shop, done.payment_method, customer=customer.id, off_session=True)
        assert again.status == "succeeded"
        with pytest.raises(stripe.CardError) as caught:
            paid(shop, "pm_card_authenticationRequired", off_session=True)
        assert caught.value.code == "authentication_required"


class TestPaymentMethods:
    def test_are_made_of_numbers_that_are_not_kept(self, fake, shop):
        card: dict[str, Any] = {"number": "4000000000000002", "exp_month": 12, "exp_year": 2050, "cvc": "314"}
        method = shop.v1.payment_methods.create({"type": "card", "card": card})
        assert (method.card.last4, method.card.exp_year) == ("0002", 2050)
        with pytest.raises(stripe.CardError):
            paid(shop, method.id)
        assert card["number"] not in json.dumps([fake.ledger(), [str(r) for r in fake.requests]])
        for number, code in (("4242424242424241", "incorrect_number"), ("4111111111111111", "card_declined")):
            with pytest.raises(stripe.CardError) as caught:
                shop.v1.payment_methods.create({"type": "card", "card": {**card, "number": number}})
            assert caught.value.code == code

    def test_are_attached_and_detached(self, shop):
        customer = shop.v1.customers.create({})
        method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        assert method.customer == customer.id
        assert shop.v1.payment_methods.detach(method.id).customer is None
        assert shop.v1.customers.payment_methods.list(customer.id).data == []
        assert shop.v1.customers.delete(customer.id).deleted is True
        with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
            new_intent(shop, customer=customer.id)


class TestRefund:
    def test_never_exceeds_what_is_left(self, fake, shop):
        intent = paid(shop)
        shop.v1.refunds.create({"payment_intent": intent.id, "amount": 1500, "reason": "duplicate"})
        with pytest.raises(stripe.InvalidRequestError, match="greater than the 499"):
            shop.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
        assert shop.v1.refunds.create({"charge": intent.latest_charge}).amount == 499
        with pytest.raises(stripe.InvalidRequestError) as caught:
            shop.v1.refunds.create({"payment_intent": intent.id, "amount": 1})
        assert caught.value.code == "charge_already_refunded"
        charge = fake.get(intent.latest_charge)
        assert (charge["amount_refunded"], charge["refunded"]) == (1999, True)
        assert [refund["amount"] for refund in fake.ledger("refund")] == [1500, 499]

    @pytest.mark.parametrize(
        ("card", "first", "last", "refunded"),
        [
            ("pm_card_refundFail", "succeeded", "failed", 0),
            ("pm_card_pendingRefund", "pending", "succeeded", 1999),
        ],
    )
    def test_may_end_later(self, fake, shop, card, first, last, refunded):
        intent = paid(shop, card)
        refund = shop.v1.refunds.create({"payment_intent": intent.id})
        assert refund.status == first
        until(lambda: fake.get(refund.id)["status"] == last)
        assert fake.get(intent.latest_charge)["amount_refunded"] == refunded
        assert ("refund.failed" in event_types(fake)) is (last == "failed")

    def test_waits_for_a_dispute(self, fake, shop):
        intent = paid(shop, "pm_card_createDispute")
        until(lambda: fake.ledger("dispute"))
        with pytest.raises(stripe.InvalidRequestError) as caught:
            shop.v1.refunds.create({"payment_intent": intent.id})
        assert caught.value.code == "charge_disputed"
        dispute = shop.v1.disputes.list({"payment_intent": intent.id}).data[0]
        assert (dispute.status, dispute.amount) == ("needs_response", 1999)
        shop.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
        until(lambda: fake.get(dispute.id)["status"] == "won")
        until(lambda: event_types(fake)[-1] == "charge.dispute.funds_reinstated")
        other = fake.open_dispute(paid(shop).latest_charge)
        assert shop.v1.disputes.close(other["id"]).status == "lost"


class TestIdempotency:
    def test_replays_the_same_answer(self, fake, shop):
        first, second = new_intent(shop, "key-1"), new_intent(shop, "key-1")
        assert first.id == second.id
        assert second.last_response.headers["Idempotent-Replayed"] == "true"
        assert second.last_response.body == first.last_response.body
        (made,) = fake.ledger("payment_intent")
        assert made["_made_by"] == {"idempotency_key": "key-1", "endpoint": "POST /v1/payment_intents"}
        assert fake.ledger("event")[0]["request"]["idempotency_key"] == "key-1"

    def test_refuses_a_key_for_something_else(self, fake, shop):
        intent = new_intent(shop, "key-1")
        with pytest.raises(stripe.IdempotencyError) as caught:
            new_intent(shop, "key-1", amount=2000)
        assert (caught.value.http_status, error_of(caught).type) == (400, "idempotency_error")
        with pytest.raises(stripe.IdempotencyError):
            shop.v1.payment_intents.cancel(intent.id, None, {"idempotency_key": "key-1"})
        assert len(fake.ledger("payment_intent")) == 1

    def test_stores_declines_but_not_bad_parameters(self, fake, shop):
        for _ in range(2):
            with pytest.raises(stripe.CardError):
                new_intent(shop, "key-1", payment_method="pm_card_chargeDeclined", confirm=True)
        assert len(fake.ledger("charge")) == 1
        with pytest.raises(stripe.InvalidRequestError):
            new_intent(shop, "key-2", amount=1)
        assert new_intent(shop, "key-2").status == "requires_payment_method"

    def test_refuses_a_twin_while_the_first_runs(self, fake, shop):
        fake.fail_next("POST", "payment_intents$", "hang", seconds=30)

        def first() -> None:
            # The fake is closed before it has answered.
            with contextlib.suppress(stripe.APIConnectionError):
                new_intent(shop, "key-1")

        thread = threading.Thread(target=first, daemon=True)
        thread.start()
        until(lambda: fake.ledger("payment_intent"))
        with pytest.raises(stripe.APIError) as caught:
            new_intent(shop, "key-1")
        assert (caught.value.http_status, error_of(caught).code) == (409, "idempotency_key_in_use")
        assert len(fake.ledger("payment_intent")) == 1
