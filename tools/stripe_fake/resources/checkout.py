"""Checkout sessions: a hosted page that pays a list of items."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from tools.stripe_fake.call import Call
from tools.stripe_fake.currencies import check_amount, check_currency
from tools.stripe_fake.errors import Json, invalid, missing, refused
from tools.stripe_fake.forms import Params
from tools.stripe_fake.ids import new_id
from tools.stripe_fake.ledger import PRIVATE
from tools.stripe_fake.lists import matching, page
from tools.stripe_fake.registry import listens, route, timed
from tools.stripe_fake.resources.payment_intents import new_intent
from tools.stripe_fake.resources.payment_methods import resolve
from tools.stripe_fake.resources.payments import OPEN, Confirmation, cancel, confirm
from tools.stripe_fake.world import World

LIFETIME = 86400
_SHORTEST = 1800


@route("POST", "/v1/checkout/sessions")
def create(call: Call) -> Json:
    params = call.params
    if params.choice("mode", ("payment",)) is None:
        raise invalid("Missing required param: mode.", "mode", "parameter_missing")
    items = _line_items(params)
    total = sum(item["amount_total"] for item in items)
    currency = items[0]["currency"]
    check_amount(total, currency, param="line_items")
    session = _new_session(call, total, currency)
    call.world.create(session, line_items=items, intent=_intent_values(params))
    call.world.later(session["expires_at"] - time.time(), "expire_session", session)
    return session


@route("GET", "/v1/checkout/sessions")
def list_all(call: Call) -> Json:
    sessions = call.world.ledger.all("checkout.session")
    return page(call, matching(call, sessions, "payment_intent", "customer", "status"))


@route("GET", "/v1/checkout/sessions/{id}")
def retrieve(call: Call) -> Json:
    return call.get("checkout.session", "session")


@route("GET", "/v1/checkout/sessions/{id}/line_items")
def list_items(call: Call) -> Json:
    items = call.get("checkout.session", "session")[PRIVATE]["line_items"]
    return page(call, list(reversed(items)))


@route("POST", "/v1/checkout/sessions/{id}/expire")
def expire(call: Call) -> Json:
    session = call.get("checkout.session", "session")
    if session["status"] != "open":
        raise refused(f"Only an open session can be expired; this one is {session['status']}.")
    _expire(call.world, session)
    return session


@timed("expire_session")
def _expire(world: World, session: Json) -> None:
    if session["status"] == "open":
        world.change(session, status="expired", url=None)
        intent = world.ledger.find(session["payment_intent"] or "")
        if intent is not None and intent["status"] in OPEN:
            cancel(world, intent, "abandoned")
        world.emit("checkout.session.expired", session)


def pay(world: World, session: Json, card: str, return_url: str) -> Json:
    """
    Pay an open session with a test card, as its page does; return the intent.

    :raises CardDeclined: the session stays open for another card.
    :raises StripeError: the session is not open.
    """
    if session["status"] != "open":
        raise refused(f"The session is {session['status']}.")
    intent = world.ledger.find(session["payment_intent"] or "")
    if intent is None:
        intent = new_intent(session["amount_total"], session["currency"])
        intent.update(session[PRIVATE]["intent"], customer=session["customer"])
        world.create(intent, session=session["id"])
        world.change(session, payment_intent=intent["id"])
        world.emit("payment_intent.created", intent)
    method = resolve(world, card, param="payment_method")
    return confirm(world, intent, Confirmation(method, return_url=return_url))


@listens("payment_intent.succeeded", "payment_intent.amount_capturable_updated")
def _complete(world: World, intent: Json) -> None:
    session = _session_of(world, intent)
    if session is None:
        return
    if session["status"] == "complete":
        world.change(session, payment_status="paid")
        world.emit("checkout.session.async_payment_succeeded", session)
    else:
        world.change(session, status="complete", payment_status="paid", url=None)
        world.emit("checkout.session.completed", session)


@listens("payment_intent.processing")
def _complete_unpaid(world: World, intent: Json) -> None:
    session = _session_of(world, intent)
    if session is not None:
        world.change(session, status="complete", url=None)
        world.emit("checkout.session.completed", session)


@listens("payment_intent.payment_failed")
def _note_failure(world: World, intent: Json) -> None:
    session = _session_of(world, intent)
    if session is not None and session["status"] == "complete":
        world.emit("checkout.session.async_payment_failed", session)


def _session_of(world: World, intent: Json) -> Json | None:
    session_id = intent[PRIVATE].get("session")
    return world.ledger.find(session_id) if session_id else None


def saved_cards(world: World, session: Json) -> list[Json]:
    """Return the cards that the page offers to the session's customer, the newest first."""
    if session["customer"] is None:
        return []
    shown = session["saved_payment_method_options"]["allow_redisplay_filters"]
    return [
        method
        for method in reversed(world.ledger.all("payment_method"))
        if method["customer"] == session["customer"]
        and method["type"] == "card"
        and method["allow_redisplay"] in shown
    ]


def _shown_again(options: Params) -> Json:
    filters = options.items("allow_redisplay_filters") or ["always"]
    unknown = [value for value in filters if value not in ("always", "limited", "unspecified")]
    if unknown:
        name = options.name_of("allow_redisplay_filters")
        raise invalid(f"Invalid {name}: must be one of always, limited, unspecified", name)
    return {"allow_redisplay_filters": filters, "payment_method_remove": None, "payment_method_save": None}


def _line_items(params: Params) -> list[Json]:
    given = params.items("line_items")
    if not given:
        raise invalid("Missing required param: line_items.", "line_items", "parameter_missing")
    items = [_line_item(Params(item if isinstance(item, dict) else {}, f"line_items[{position}]"))
             for position, item in enumerate(given)]  # fmt: skip
    if len({item["currency"] for item in items}) != 1:
        raise invalid("All line items must be in one currency.", "line_items")
    return items


def _line_item(item: Params) -> Json:
    price_id = item.text("price")
    if price_id is not None:
        raise missing("price", price_id, item.name_of("price"))
    price = item.group("price_data")
    name = price.group("product_data").required("name")
    amount, quantity = price.required_integer("unit_amount"), item.integer("quantity") or 1
    currency = check_currency(price.required("currency"))
    if amount < 0 or quantity < 1:
        raise invalid("Amounts and quantities must not be negative.", price.name_of("unit_amount"))
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount * quantity,
        "amount_tax": 0,
        "amount_total": amount * quantity,
        "created": int(time.time()),
        "currency": currency,
        "description": name,
        "price": {"id": new_id("price"), "object": "price", "currency": currency, "unit_amount": amount},
        "quantity": quantity,
    }


def _intent_values(params: Params) -> Json:
    wanted = params.group("payment_intent_data")
    values: Json = {"metadata": wanted.metadata(), "description": wanted.text("description")}
    for name in ("receipt_email", "statement_descriptor", "statement_descriptor_suffix"):
        values[name] = wanted.text(name)
    capture_method = wanted.choice("capture_method", ("automatic", "automatic_async", "manual"))
    return {**values, "capture_method": capture_method or "automatic_async"}


def _new_session(call: Call, total: int, currency: str) -> Json:
    params, now = call.params, int(time.time())
    for name in ("success_url", "cancel_url"):
        address = params.text(name)
        if address is not None and urlsplit(address).scheme not in ("http", "https"):
            raise invalid("Invalid URL: an absolute http or https URL is needed.", name, "url_invalid")
    customer = call.referred("customer", "customer")
    if customer is not None and params.text("customer_email") is not None:
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer")
    expires_at = params.integer("expires_at")
    if expires_at is not None and not now + _SHORTEST <= expires_at <= now + LIFETIME:
        raise invalid("A session lives for 30 minutes to 24 hours.", "expires_at")
    object_id = new_id("cs_test", 58)
    return {
        "id": object_id,
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "cancel_url": params.text("cancel_url"),
        "client_reference_id": params.text("client_reference_id"),
        "created": now,
        "currency": currency,
        "customer": customer["id"] if customer else None,
        "customer_details": None,
        "customer_email": params.text("customer_email"),
        "expires_at": expires_at or now + LIFETIME,
        "livemode": False,
        "metadata": params.metadata(),
        "mode": "payment",
        "payment_intent": None,
        "saved_payment_method_options": _shown_again(params.group("saved_payment_method_options")),
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": params.required("success_url"),
        "ui_mode": "hosted",
        "url": f"{call.world.base_url}/c/pay/{object_id}",
    }
