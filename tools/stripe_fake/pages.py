"""The pages a person sees: 3-D Secure and the hosted checkout."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tools.stripe_fake.call import check_client_secret
from tools.stripe_fake.currencies import THREE_DECIMAL, ZERO_DECIMAL
from tools.stripe_fake.errors import Json, StripeError
from tools.stripe_fake.http import Answer, Request, page_answer, redirect
from tools.stripe_fake.ledger import PRIVATE
from tools.stripe_fake.resources import checkout, payments, setup_intents
from tools.stripe_fake.world import World

_AUTHENTICATION = re.compile(r"/3ds/(payment|setup)_intents/([^/]+)")
_CHECKOUT = re.compile(r"/c/pay/([^/]+?)(/return)?")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:3rem auto;padding:0 1rem}"
    "button{font:inherit;padding:.6rem 1.2rem;margin:.5rem .5rem 0 0}label{display:block;padding:.2rem 0}"
    "td:last-child{text-align:right}table{width:100%}.error{color:#a00}"
)
_CARDS = {
    "pm_card_visa": "Visa 4242: succeeds",
    "pm_card_mastercard": "Mastercard 4444: succeeds",
    "pm_card_chargeDeclined": "Visa 0002: declined",
    "pm_card_chargeDeclinedInsufficientFunds": "Visa 9995: insufficient funds",
    "pm_card_authenticationRequired": "Visa 3184: asks for 3-D Secure",
    "pm_card_createDispute": "Visa 0259: succeeds, then is disputed",
    "pm_card_refundFail": "Visa 5126: succeeds, a refund of it fails later",
    "pm_sepa_debit": "SEPA debit: takes a few seconds, then succeeds",
    "pm_sepa_debit_fail": "SEPA debit: takes a few seconds, then fails",
}


def answer_page(world: World, request: Request) -> Answer | None:
    """Answer a page of the fake, or None when the path is none."""
    authentication, hosted = _AUTHENTICATION.fullmatch(request.path), _CHECKOUT.fullmatch(request.path)
    if request.method not in ("GET", "POST") or not (authentication or hosted):
        return None
    try:
        if authentication:
            return _authentication(world, request, f"{authentication[1]}_intent", authentication[2])
        if hosted:
            return _hosted(world, request, hosted[1], is_return=bool(hosted[2]))
    except StripeError as error:
        return page_answer(error.status, _page("Not possible", f"<p class=error>{escape(str(error))}</p>"))
    return None


def _page(title: str, inner: str) -> str:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{inner}"
        "<p><small>Local fake of Stripe. No money moves.</small></p></html>"
    )


def _values(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query) + parse_qsl(request.body.decode("utf-8", "replace")))


def _authentication(world: World, request: Request, kind: str, object_id: str) -> Answer:
    intent = world.ledger.get(kind, object_id, "intent")
    values = _values(request)
    check_client_secret(intent, values.get("client_secret"))
    if request.method == "GET":
        return page_answer(200, _page("3-D Secure", _authentication_form(intent)))
    authenticate = payments.authenticate if kind == "payment_intent" else setup_intents.authenticate
    intent = authenticate(world, intent, succeeds=values.get("result") == "succeed")
    has_failed = intent["status"] == "requires_payment_method"
    back = intent[PRIVATE].get("return_url")
    if back is None:
        done = f"<p>Done: {escape(intent['status'])}. Close this page.</p>"
        return page_answer(200, _page("3-D Secure", done))
    result = {kind: intent["id"], f"{kind}_client_secret": intent["client_secret"]}
    return redirect(_with_query(back, {**result, "redirect_status": "failed" if has_failed else "succeeded"}))


def _authentication_form(intent: Json) -> str:
    if intent["status"] != "requires_action":
        return f"<p>Nothing to authenticate: {escape(intent['status'])}.</p>"
    what = "a card for later payments"
    if "amount" in intent:
        what = _amount(intent["amount"], intent["currency"])
    return (
        f"<p>The bank asks: is it you who approves {escape(what)}?</p><form method=post>"
        f"<input type=hidden name=client_secret value='{escape(intent['client_secret'])}'>"
        "<button name=result value=succeed>Complete</button>"
        "<button name=result value=fail>Fail</button></form>"
    )


def _hosted(world: World, request: Request, session_id: str, *, is_return: bool) -> Answer:
    session = world.ledger.get("checkout.session", session_id, "session")
    values = _values(request)
    if session["status"] == "complete":
        return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
    if request.method == "GET":
        message = "The authentication failed. Choose another card." if is_return else ""
        return page_answer(200, _page("Checkout", _checkout_form(world, session, message)))
    if values.get("action") == "cancel":
        cancel_url = session["cancel_url"]
        return (
            redirect(cancel_url) if cancel_url else page_answer(200, _page("Checkout", "<p>Cancelled.</p>"))
        )
    return _pay(world, session, values.get("card", ""))


def _pay(world: World, session: Json, card: str) -> Answer:
    page_url = f"{world.base_url}/c/pay/{session['id']}"
    try:
        intent = checkout.pay(world, session, card, f"{page_url}/return")
    except StripeError as error:
        return page_answer(200, _page("Checkout", _checkout_form(world, session, str(error))))
    if intent["next_action"] is not None:
        return redirect(intent["next_action"]["redirect_to_url"]["url"])
    return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))


def _checkout_form(world: World, session: Json, message: str) -> str:
    if session["status"] != "open":
        return f"<p>This session is {escape(session['status'])}.</p>"
    rows = "".join(
        f"<tr><td>{item['quantity']} &times; {escape(item['description'])}<td>"
        f"{_amount(item['amount_total'], item['currency'])}"
        for item in session[PRIVATE]["line_items"]
    )
    saved = {
        method["id"]: f"Saved: {method['card']['brand']} ending in {method['card']['last4']}"
        for method in checkout.saved_cards(world, session)
    }
    first = next(iter(saved), "pm_card_visa")
    cards = "".join(
        f"<label><input type=radio name=card value={card}{' checked' if card == first else ''}>"
        f" {escape(label)}</label>"
        for card, label in {**saved, **_CARDS}.items()
    )
    notice = f"<p class=error>{escape(message)}</p>" if message else ""
    total = _amount(session["amount_total"], session["currency"])
    return (
        f"<table>{rows}<tr><td><b>Total</b><td><b>{total}</b></table>{notice}<form method=post>{cards}"
        f"<button name=action value=pay>Pay {total}</button>"
        "<button name=action value=cancel>Cancel</button></form>"
    )


def _amount(minor: int, currency: str) -> str:
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}{f'.{rest:0{digits}}' if digits else ''} {currency.upper()}"


def _with_query(url: str, values: dict[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode(values)]))))
