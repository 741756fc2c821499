"""Setup intents: a payment method made ready for later, without a payment."""

from __future__ import annotations

import time

from tools.stripe_fake.call import Call
from tools.stripe_fake.cards import declined
from tools.stripe_fake.errors import CardDeclined, Json, StripeError, invalid, refused
from tools.stripe_fake.ids import client_secret, new_id
from tools.stripe_fake.ledger import PRIVATE, public
from tools.stripe_fake.lists import matching, page
from tools.stripe_fake.registry import route
from tools.stripe_fake.resources.payment_methods import attach_to, from_params, instrument_of, resolve
from tools.stripe_fake.resources.payments import OPEN, next_action
from tools.stripe_fake.world import World

CANCELLATION_REASONS = ("abandoned", "requested_by_customer", "duplicate")


@route("POST", "/v1/setup_intents")
def create(call: Call) -> Json:
    params = call.params
    object_id = new_id("seti")
    customer, method = call.referred("customer", "customer"), _method(call)
    intent = {
        "id": object_id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "cancellation_reason": None,
        "client_secret": client_secret(object_id),
        "created": int(time.time()),
        "customer": customer["id"] if customer else None,
        "description": params.text("description"),
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": params.metadata(),
        "next_action": None,
        "payment_method": method["id"] if method else None,
        "payment_method_options": {},
        "payment_method_types": ["card", "sepa_debit", "us_bank_account"],
        "status": "requires_confirmation" if method else "requires_payment_method",
        "usage": params.choice("usage", ("off_session", "on_session")) or "off_session",
    }
    confirms = params.flag("confirm")
    if confirms and method is None:
        raise invalid("Confirming needs a payment method.", "payment_method", "parameter_missing")
    call.world.create(intent)
    call.world.emit("setup_intent.created", intent)
    return _confirm(call, intent) if confirms else intent


@route("GET", "/v1/setup_intents")
def list_all(call: Call) -> Json:
    return page(call, matching(call, call.world.ledger.all("setup_intent"), "customer", "payment_method"))


@route("GET", "/v1/setup_intents/{id}", for_browsers=True)
def retrieve(call: Call) -> Json:
    intent = call.get("setup_intent", "intent")
    call.check_client_secret(intent)
    return intent


@route("POST", "/v1/setup_intents/{id}")
def update(call: Call) -> Json:
    intent = call.get("setup_intent", "intent")
    description = call.params.text("description") or intent["description"]
    return call.world.change(
        intent, metadata=call.params.metadata(intent["metadata"]), description=description
    )


@route("POST", "/v1/setup_intents/{id}/confirm", for_browsers=True)
def confirm(call: Call) -> Json:
    intent = call.get("setup_intent", "intent")
    call.check_client_secret(intent)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "confirm")
    method = _method(call)
    if method is not None:
        call.world.change(intent, payment_method=method["id"])
    if intent["payment_method"] is None:
        raise _unexpected(intent, "confirm")
    return _confirm(call, intent)


@route("POST", "/v1/setup_intents/{id}/_3ds", for_browsers=True)
def answer_authentication(call: Call) -> Json:
    """Answer 3-D Secure for a script, as the call of payment intents does."""
    intent = call.get("setup_intent", "intent")
    call.check_client_secret(intent)
    call.params.required("result")
    return authenticate(
        call.world, intent, succeeds=call.params.choice("result", ("succeed", "fail")) == "succeed"
    )


@route("POST", "/v1/setup_intents/{id}/cancel")
def cancel(call: Call) -> Json:
    intent = call.get("setup_intent", "intent")
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "cancel")
    reason = call.params.choice("cancellation_reason", CANCELLATION_REASONS)
    call.world.change(intent, status="canceled", cancellation_reason=reason, next_action=None)
    call.world.emit("setup_intent.canceled", intent)
    return intent


def _unexpected(intent: Json, verb: str) -> StripeError:
    message = f"You cannot {verb} this SetupIntent because it has a status of {intent['status']}."
    return refused(message, "setup_intent_unexpected_state", setup_intent=public(intent))


def _method(call: Call) -> Json | None:
    token = call.params.text("payment_method")
    if token is not None:
        return resolve(call.world, token, param="payment_method")
    if "payment_method_data" in call.params:
        return from_params(call.world, call.params.group("payment_method_data"))
    return None


def _confirm(call: Call, intent: Json) -> Json:
    world, return_url = call.world, call.params.text("return_url")
    method = world.ledger.get("payment_method", intent["payment_method"])
    instrument = instrument_of(method)
    intent[PRIVATE]["return_url"] = return_url
    if instrument.authentication != "none":
        action = next_action(world, intent, return_url)
        world.change(intent, status="requires_action", next_action=action, last_setup_error=None)
        world.emit("setup_intent.requires_action", intent)
        return intent
    if instrument.decline and not instrument.is_delayed and not instrument.attachable:
        raise _fail(world, intent, instrument.declined())
    return _succeed(world, intent)


def authenticate(world: World, intent: Json, *, succeeds: bool) -> Json:
    """
    Take the answer of 3-D Secure.

    :raises StripeError: no authentication is asked for.
    """
    if intent["status"] != "requires_action":
        raise _unexpected(intent, "authenticate")
    world.change(intent, next_action=None)
    if succeeds:
        return _succeed(world, intent)
    failure = declined("authentication_required").error["message"]
    _fail(world, intent, CardDeclined("setup_intent_authentication_failure", None, failure))
    return intent


def _succeed(world: World, intent: Json) -> Json:
    method = world.ledger.get("payment_method", intent["payment_method"])
    method[PRIVATE]["is_set_up"] = True
    world.ledger.save(method)
    if intent["customer"]:
        attach_to(world, method, intent["customer"])
    world.change(intent, status="succeeded", next_action=None, last_setup_error=None)
    world.emit("setup_intent.succeeded", intent)
    return intent


def _fail(world: World, intent: Json, error: CardDeclined) -> CardDeclined:
    method = world.ledger.get("payment_method", intent["payment_method"])
    last_error = {**error.error, "payment_method": public(method)}
    world.change(intent, status="requires_payment_method", payment_method=None, last_setup_error=last_error)
    world.emit("setup_intent.setup_failed", intent)
    error.error.update(setup_intent=public(intent), payment_method=public(method))
    return error
