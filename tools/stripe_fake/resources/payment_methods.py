"""Payment methods: test cards by id or number, and whose they are."""

from __future__ import annotations

import time

from tools.stripe_fake.call import Call
from tools.stripe_fake.cards import BY_TOKEN, Instrument, by_number
from tools.stripe_fake.errors import CardDeclined, Json, invalid, missing, refused
from tools.stripe_fake.forms import Params
from tools.stripe_fake.ids import new_id, random_text
from tools.stripe_fake.ledger import PRIVATE
from tools.stripe_fake.lists import matching, page
from tools.stripe_fake.registry import route
from tools.stripe_fake.world import World

_CENTURY = 2000


@route("POST", "/v1/payment_methods", for_browsers=True)
def create(call: Call) -> Json:
    return from_params(call.world, call.params)


@route("GET", "/v1/payment_methods")
def list_all(call: Call) -> Json:
    return page(call, matching(call, call.world.ledger.all("payment_method"), "customer", "type"))


@route("GET", "/v1/payment_methods/{id}")
def retrieve(call: Call) -> Json:
    return resolve(call.world, call.object_id, param="payment_method", status=404)


@route("POST", "/v1/payment_methods/{id}")
def update(call: Call) -> Json:
    method = call.get("payment_method", "payment_method")
    details = {**method["billing_details"], **call.params.group("billing_details").values}
    return call.world.change(
        method, metadata=call.params.metadata(method["metadata"]), billing_details=details
    )


@route("POST", "/v1/payment_methods/{id}/attach")
def attach(call: Call) -> Json:
    method = resolve(call.world, call.object_id, param="payment_method", status=404)
    call.params.required("customer")
    customer = call.referred("customer", "customer") or {}
    if method["customer"] not in (None, customer["id"]):
        raise refused("The payment method is already attached to another customer.")
    if method[PRIVATE]["is_used"]:
        raise refused("The payment method was already used without a customer and may not be used again.")
    instrument = instrument_of(method)
    if instrument.decline and not instrument.attachable:
        raise instrument.declined()
    return attach_to(call.world, method, customer["id"])


@route("POST", "/v1/payment_methods/{id}/detach")
def detach(call: Call) -> Json:
    method = call.get("payment_method", "payment_method")
    if method["customer"] is None:
        raise refused("The payment method is not attached to a customer, so it cannot be detached.")
    former = method["customer"]
    call.world.change(method, customer=None)
    # Stripe never lets a detached method pay again.
    method[PRIVATE]["is_used"] = True
    call.world.emit("payment_method.detached", method, {"customer": former})
    return method


def attach_to(world: World, method: Json, customer_id: str) -> Json:
    if method["customer"] != customer_id:
        world.change(method, customer=customer_id)
        world.emit("payment_method.attached", method)
    return method


def instrument_of(method: Json) -> Instrument:
    return BY_TOKEN[method[PRIVATE]["instrument"]]


def resolve(world: World, token: str, *, param: str, status: int = 400) -> Json:
    """
    Return the payment method of this id; a test id such as `pm_card_visa` makes a new one.

    :raises StripeError: there is none; `status` says whether the id stood in the path or in a parameter.
    """
    instrument = BY_TOKEN.get(token)
    if instrument is not None:
        return _create(world, instrument, {}, {})
    found = world.ledger.find(token)
    if found is None or found["object"] != "payment_method":
        raise missing("PaymentMethod", token, param, status=status)
    return found


def from_params(world: World, params: Params) -> Json:
    """
    Make a payment method of a type and its details.

    :raises StripeError: an unknown type, a parameter that is missing, or a card that is none.
    """
    kind = params.choice("type", ("card", "sepa_debit", "us_bank_account"))
    if kind is None:
        raise invalid("Missing required param: type.", params.name_of("type"), "parameter_missing")
    details = params.group("billing_details").values
    if kind == "sepa_debit":
        instrument = _by_account(params.group("sepa_debit").required("iban"), "pm_sepa_debit")
    elif kind == "us_bank_account":
        instrument = _by_account(
            params.group("us_bank_account").required("account_number"), "pm_usBankAccount"
        )
    else:
        instrument = _card(params.group("card"))
    return _create(world, instrument, details, params.metadata(), params.group("card"))


def _by_account(number: str, default: str) -> Instrument:
    bare = number.replace(" ", "")
    known = (instrument for instrument in BY_TOKEN.values() if instrument.number == bare)
    return next(known, BY_TOKEN[default])


def _card(card: Params) -> Instrument:
    token = card.text("token")
    if token is not None:
        instrument = BY_TOKEN.get(token.replace("tok_", "pm_card_", 1))
        if instrument is None:
            raise missing("token", token, card.name_of("token"))
        return instrument
    instrument = by_number(card.required("number"))
    month, year = card.required_integer("exp_month"), card.required_integer("exp_year")
    today = time.gmtime()
    full_year = year + _CENTURY if year < 100 else year
    if not 1 <= month <= 12:
        raise CardDeclined(
            "invalid_expiry_month", None, "The card's expiration month is invalid.", param="exp_month"
        )
    if (full_year, month) < (today.tm_year, today.tm_mon) or full_year > today.tm_year + 50:
        raise CardDeclined(
            "invalid_expiry_year", None, "The card's expiration year is invalid.", param="exp_year"
        )
    cvc = card.text("cvc")
    if cvc is not None and not (cvc.isdecimal() and len(cvc) == (4 if instrument.brand == "amex" else 3)):
        raise CardDeclined("invalid_cvc", None, "The card's security code is invalid.", param="cvc")
    return instrument


def _create(
    world: World, instrument: Instrument, billing: Json, metadata: dict[str, str], card: Params | None = None
) -> Json:
    details = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None, **billing}
    method = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": details,
        "created": int(time.time()),
        "customer": None,
        "livemode": False,
        "metadata": metadata,
        "type": instrument.kind,
        instrument.kind: _details(instrument, card),
    }
    return world.create(method, instrument=instrument.token, is_used=False, is_set_up=False)


def _details(instrument: Instrument, card: Params | None) -> Json:
    """Return what is shown of it. Never the number: it is not kept."""
    if instrument.kind != "card":
        return {"last4": instrument.last4, "fingerprint": random_text(16)}
    year = time.gmtime().tm_year + 4
    shown_year = (card.integer("exp_year") if card else None) or year
    return {
        "brand": instrument.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": instrument.brand,
        "exp_month": (card.integer("exp_month") if card else None) or 8,
        "exp_year": shown_year + _CENTURY if shown_year < 100 else shown_year,
        "fingerprint": random_text(16),
        "funding": instrument.funding,
        "last4": instrument.last4,
        "networks": {"available": [instrument.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
