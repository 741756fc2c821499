"""Payment intents: the calls."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from tools.stripe_fake.call import Call
from tools.stripe_fake.currencies import check_amount, check_currency
from tools.stripe_fake.errors import Json, invalid, refused
from tools.stripe_fake.forms import Params
from tools.stripe_fake.ids import client_secret, new_id
from tools.stripe_fake.ledger import PRIVATE, public
from tools.stripe_fake.lists import matching, page, search
from tools.stripe_fake.registry import route
from tools.stripe_fake.resources.payment_methods import from_params, resolve
from tools.stripe_fake.resources.payments import (
    OPEN,
    Confirmation,
    authenticate,
    cancel,
    capture,
    confirm,
    unexpected_state,
)

CAPTURE_METHODS = ("automatic", "automatic_async", "manual")
CANCELLATION_REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
_UNSET = (
    "application", "application_fee_amount", "canceled_at", "cancellation_reason", "customer",
    "description", "last_payment_error", "latest_charge", "next_action", "on_behalf_of",
    "payment_method", "processing", "receipt_email", "review", "setup_future_usage", "shipping",
    "statement_descriptor", "statement_descriptor_suffix", "transfer_data", "transfer_group",
)  # fmt: skip
"""What a new intent has, empty."""
_TEXTS = (
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


@route("POST", "/v1/payment_intents")
def create(call: Call) -> Json:
    params = call.params
    amount, currency = params.required_integer("amount"), check_currency(params.required("currency"))
    confirms = params.flag("confirm")
    if not confirms and params.flag("off_session"):
        raise invalid("off_session may only be given together with confirm=true.", "off_session")
    intent = new_intent(check_amount(amount, currency), currency)
    _apply(call, intent)
    method = _method(call)
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation")
    confirmation = _confirmation(call, intent, method) if confirms else None
    call.world.create(intent)
    call.world.emit("payment_intent.created", intent)
    return intent if confirmation is None else confirm(call.world, intent, confirmation)


@route("GET", "/v1/payment_intents/search")
def find(call: Call) -> Json:
    return search(call, call.world.ledger.all("payment_intent"))


@route("GET", "/v1/payment_intents")
def list_all(call: Call) -> Json:
    return page(call, matching(call, call.world.ledger.all("payment_intent"), "customer"))


@route("GET", "/v1/payment_intents/{id}", for_browsers=True)
def retrieve(call: Call) -> Json:
    intent = call.get("payment_intent", "intent")
    call.check_client_secret(intent)
    return intent


@route("POST", "/v1/payment_intents/{id}")
def update(call: Call) -> Json:
    intent, params = call.get("payment_intent", "intent"), call.params
    is_money = "amount" in params or "currency" in params or "payment_method" in params
    if intent["status"] == "canceled" or (is_money and intent["status"] not in OPEN):
        raise unexpected_state(intent, "update")
    currency = check_currency(params.text("currency") or intent["currency"])
    amount = params.integer("amount")
    check_amount(intent["amount"] if amount is None else amount, currency)
    _apply(call, intent)
    call.world.change(intent, currency=currency, amount=intent["amount"] if amount is None else amount)
    method = _method(call)
    if method is not None:
        call.world.change(
            intent, payment_method=method["id"], status="requires_confirmation", next_action=None
        )
    return intent


@route("POST", "/v1/payment_intents/{id}/confirm", for_browsers=True)
def confirm_intent(call: Call) -> Json:
    intent = call.get("payment_intent", "intent")
    call.check_client_secret(intent)
    if intent["status"] not in OPEN:
        raise unexpected_state(intent, "confirm")
    if call.is_browser and call.params.flag("off_session"):
        raise invalid("off_session may only be given with a secret key.", "off_session")
    confirmation = _confirmation(call, intent, _method(call))
    usage = call.params.choice("setup_future_usage", ("off_session", "on_session"))
    call.world.change(
        intent,
        setup_future_usage=usage or intent["setup_future_usage"],
        receipt_email=call.params.text("receipt_email") or intent["receipt_email"],
    )
    return confirm(call.world, intent, confirmation)


@route("POST", "/v1/payment_intents/{id}/_3ds", for_browsers=True)
def answer_authentication(call: Call) -> Json:
    """Answer 3-D Secure for a script. Stripe has no such call: there the bank's page does it."""
    intent = call.get("payment_intent", "intent")
    call.check_client_secret(intent)
    call.params.required("result")
    return authenticate(
        call.world, intent, succeeds=call.params.choice("result", ("succeed", "fail")) == "succeed"
    )


@route("POST", "/v1/payment_intents/{id}/capture")
def capture_intent(call: Call) -> Json:
    intent = call.get("payment_intent", "intent")
    if intent["status"] != "requires_capture":
        raise unexpected_state(intent, "capture")
    amount = call.params.integer("amount_to_capture")
    amount = intent["amount_capturable"] if amount is None else amount
    check_amount(amount, intent["currency"], param="amount_to_capture", minimum=1)
    if amount > intent["amount_capturable"]:
        message = f"Only {intent['amount_capturable']} can be captured, less than {amount}."
        raise refused(message, "amount_too_large", param="amount_to_capture")
    return capture(call.world, intent, amount)


@route("POST", "/v1/payment_intents/{id}/cancel")
def cancel_intent(call: Call) -> Json:
    intent = call.get("payment_intent", "intent")
    session = call.world.ledger.find(intent[PRIVATE].get("session") or "")
    if session is not None and session["status"] == "open":
        raise refused("The intent of a checkout session ends with the session: expire that.")
    return cancel(call.world, intent, call.params.choice("cancellation_reason", CANCELLATION_REASONS))


def new_intent(amount: int, currency: str) -> Json:
    """Return an intent that is not in the ledger yet."""
    object_id = new_id("pi")
    return {
        "id": object_id,
        "object": "payment_intent",
        **dict.fromkeys(_UNSET),
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "capture_method": "automatic_async",
        "client_secret": client_secret(object_id),
        "confirmation_method": "automatic",
        "created": int(time.time()),
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {},
        "payment_method_types": ["card", "sepa_debit", "us_bank_account"],
        "status": "requires_payment_method",
    }


def _apply(call: Call, intent: Json) -> None:
    """Take over the parameters that creation and update share. Reads everything before it writes."""
    params = call.params
    values: Json = {name: params.text(name) for name in _TEXTS if name in params}
    suffix = values.get("statement_descriptor_suffix") or ""
    if len(suffix) > 22:
        raise invalid(
            "The statement descriptor suffix has at most 22 characters.", "statement_descriptor_suffix"
        )
    values["metadata"] = params.metadata(intent["metadata"])
    customer = call.referred("customer", "customer")
    if customer is not None:
        values["customer"] = customer["id"]
    for name, allowed in (
        ("capture_method", CAPTURE_METHODS),
        ("setup_future_usage", ("off_session", "on_session")),
    ):
        values[name] = params.choice(name, allowed) or intent[name]
    if "shipping" in params:
        values["shipping"] = params.group("shipping").values or None
    values.update(_method_rules(params))
    intent.update(values)


def _method_rules(params: Params) -> Json:
    types = params.items("payment_method_types")
    automatic = params.group("automatic_payment_methods")
    if types and automatic.flag("enabled"):
        message = "Give either automatic_payment_methods or payment_method_types, not both."
        raise invalid(message, "payment_method_types")
    if types:
        return {"payment_method_types": types, "automatic_payment_methods": None}
    redirects = automatic.choice("allow_redirects", ("always", "never"))
    return {"automatic_payment_methods": {"allow_redirects": redirects, "enabled": True}} if redirects else {}


def _method(call: Call) -> Json | None:
    token = call.params.text("payment_method")
    if token is not None:
        return resolve(call.world, token, param="payment_method")
    if "payment_method_data" in call.params:
        return from_params(call.world, call.params.group("payment_method_data"))
    return None


def _confirmation(call: Call, intent: Json, method: Json | None) -> Confirmation:
    params = call.params
    return_url = params.text("return_url")
    if return_url is not None and urlsplit(return_url).scheme not in ("http", "https"):
        raise invalid("The return_url must be an absolute http or https URL.", "return_url", "url_invalid")
    if method is None and intent["payment_method"] is not None:
        method = call.world.ledger.get("payment_method", intent["payment_method"])
    if method is None:
        message = "You cannot confirm this PaymentIntent because it has no payment method."
        raise refused(message, "payment_intent_unexpected_state", payment_intent=public(intent))
    return Confirmation(method, params.flag("off_session"), return_url)
