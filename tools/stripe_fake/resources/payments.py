"""The life of a payment intent: every way its status moves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlencode

from tools.stripe_fake.cards import declined
from tools.stripe_fake.errors import CardDeclined, Json, StripeError, refused
from tools.stripe_fake.ledger import PRIVATE, public
from tools.stripe_fake.registry import timed
from tools.stripe_fake.resources.charges import book_charge, open_charge, plan_aftermath
from tools.stripe_fake.resources.payment_methods import attach_to, instrument_of
from tools.stripe_fake.world import World

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


@dataclass(frozen=True)
class Confirmation:
    """How the buyer, or the shop for them, confirms."""

    method: Json
    off_session: bool = False
    return_url: str | None = None


def unexpected_state(intent: Json, verb: str) -> StripeError:
    """Return the refusal of a wrong transition; it carries the intent, as Stripe's does."""
    message = f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
    return refused(message, "payment_intent_unexpected_state", payment_intent=public(intent))


def confirm(world: World, intent: Json, confirmation: Confirmation) -> Json:
    """
    Try to take the money.

    :raises StripeError: the intent is past that, or the method may not pay for it; nothing is changed.
    :raises CardDeclined: the card said no; the intent waits for another method.
    """
    if intent["status"] not in OPEN:
        raise unexpected_state(intent, "confirm")
    method = confirmation.method
    _check_usable(intent, method)
    intent[PRIVATE]["return_url"] = confirmation.return_url
    world.change(intent, payment_method=method["id"], last_payment_error=None, next_action=None)
    needs = instrument_of(method).authentication
    if needs == "none" or (needs == "unless_set_up" and method[PRIVATE]["is_set_up"]):
        return authorize(world, intent)
    if confirmation.off_session:
        raise fail(world, intent, declined("authentication_required"), is_charged=True)
    world.change(
        intent, status="requires_action", next_action=next_action(world, intent, confirmation.return_url)
    )
    world.emit("payment_intent.requires_action", intent)
    return intent


def _check_usable(intent: Json, method: Json) -> None:
    if method["customer"] is not None and method["customer"] != intent["customer"]:
        raise refused(
            "The payment method belongs to a customer whom this call does not name.", param="payment_method"
        )
    if method["customer"] is None and method[PRIVATE]["is_used"]:
        raise refused("The payment method was already used without a customer and may not be used again.")


def next_action(world: World, intent: Json, return_url: str | None) -> Json:
    """Return where the buyer authenticates: a redirect if there is a way back, else for Stripe.js."""
    kind = "setup_intents" if intent["object"] == "setup_intent" else "payment_intents"
    url = f"{world.base_url}/3ds/{kind}/{intent['id']}?" + urlencode(
        {"client_secret": intent["client_secret"]}
    )
    if return_url:
        return {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": return_url}}
    sdk = {"type": "three_d_secure_redirect", "stripe_js": url}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": sdk}


def authenticate(world: World, intent: Json, *, succeeds: bool) -> Json:
    """
    Take the answer of 3-D Secure. A decline after it shows in `last_payment_error`, not as an error.

    :raises StripeError: no authentication is asked for.
    """
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, "authenticate")
    world.change(intent, next_action=None)
    if succeeds:
        try:
            return authorize(world, intent)
        except CardDeclined:
            return intent
    message = "The payment method could not be authenticated. Choose another one and try again."
    fail(world, intent, CardDeclined("payment_intent_authentication_failure", None, message))
    return intent


def authorize(world: World, intent: Json) -> Json:
    """
    Charge the method that the intent has.

    :raises CardDeclined: the card said no.
    """
    method = world.ledger.get("payment_method", intent["payment_method"])
    instrument = instrument_of(method)
    if instrument.decline and not instrument.is_delayed:
        raise fail(world, intent, instrument.declined(), is_charged=True)
    _mark_used(world, intent, method)
    if instrument.is_delayed:
        charge = open_charge(world, intent, method, "pending")
        world.change(intent, status="processing", latest_charge=charge["id"])
        world.emit("charge.pending", charge)
        world.emit("payment_intent.processing", intent)
        world.later(world.settings.settle_after, "settle_payment", intent)
        return intent
    charge = open_charge(world, intent, method, "succeeded")
    world.change(intent, latest_charge=charge["id"])
    if intent["capture_method"] == "manual":
        world.change(intent, status="requires_capture", amount_capturable=intent["amount"])
        world.emit("charge.succeeded", charge)
        world.emit("payment_intent.amount_capturable_updated", intent)
        return intent
    world.change(intent, status="succeeded", amount_received=intent["amount"])
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    plan_aftermath(world, charge, instrument)
    return intent


def _mark_used(world: World, intent: Json, method: Json) -> None:
    method[PRIVATE]["is_used"] = True
    if intent["customer"] and intent["setup_future_usage"]:
        method[PRIVATE]["is_set_up"] = True
        attach_to(world, method, intent["customer"])
    world.ledger.save(method)


def fail(world: World, intent: Json, error: CardDeclined, *, is_charged: bool = False) -> CardDeclined:
    """Put the intent back to waiting for a method; return the error to raise."""
    method = world.ledger.get("payment_method", intent["payment_method"])
    if is_charged:
        charge = open_charge(world, intent, method, "failed", error)
        world.change(intent, latest_charge=charge["id"])
        world.emit("charge.failed", charge)
        error.error["charge"] = charge["id"]
    _back_to_start(world, intent, error, method)
    error.error.update(payment_intent=public(intent), payment_method=public(method))
    return error


def _back_to_start(world: World, intent: Json, error: StripeError, method: Json) -> None:
    last_error = {**error.error, "payment_method": public(method)}
    world.change(intent, status="requires_payment_method", payment_method=None, last_payment_error=last_error)
    world.emit("payment_intent.payment_failed", intent)


@timed("settle_payment")
def settle(world: World, intent: Json) -> None:
    """End an asynchronous payment the way its method ends."""
    if intent["status"] == "processing":
        method = world.ledger.get("payment_method", intent["payment_method"])
        finish_processing(world, intent, succeeds=instrument_of(method).settles)


def finish_processing(world: World, intent: Json, *, succeeds: bool) -> Json:
    """
    End an asynchronous payment.

    :raises StripeError: it is not being processed.
    """
    if intent["status"] != "processing":
        raise unexpected_state(intent, "settle")
    charge = world.ledger.get("charge", intent["latest_charge"])
    if succeeds:
        world.change(charge, status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
        book_charge(world, charge)
        world.change(intent, status="succeeded", amount_received=intent["amount"])
        world.emit("charge.succeeded", charge)
        world.emit("payment_intent.succeeded", intent)
        return intent
    error = declined("insufficient_funds")
    failure = {"failure_code": error.error["code"], "failure_message": error.error["message"]}
    world.change(charge, status="failed", **failure)
    world.emit("charge.failed", charge)
    method = world.ledger.get("payment_method", intent["payment_method"])
    _back_to_start(world, intent, error, method)
    return intent


def capture(world: World, intent: Json, amount: int) -> Json:
    """Take the authorized money, or a part of it; the rest is let go, which since 2025-03-31 is no refund at Stripe."""
    charge = world.ledger.get("charge", intent["latest_charge"])
    world.change(charge, captured=True, amount_captured=amount)
    book_charge(world, charge)
    world.change(intent, status="succeeded", amount_received=amount, amount_capturable=0)
    world.emit("charge.captured", charge)
    world.emit("payment_intent.succeeded", intent)
    plan_aftermath(world, charge, instrument_of(world.ledger.get("payment_method", intent["payment_method"])))
    return intent


def cancel(world: World, intent: Json, reason: str | None) -> Json:
    """
    End the intent without money; what was authorized is let go, which since 2025-03-31 is no refund at Stripe.

    :raises StripeError: it is past that.
    """
    if intent["status"] not in (*OPEN, "requires_capture"):
        raise unexpected_state(intent, "cancel")
    canceled = {"canceled_at": int(time.time()), "cancellation_reason": reason}
    world.change(intent, status="canceled", amount_capturable=0, next_action=None, **canceled)
    world.emit("payment_intent.canceled", intent)
    return intent
