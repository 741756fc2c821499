"""Every request that the shop makes of Stripe, held against the description that Stripe publishes of its API."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from payments import books, gateway, gateway_cards
from payments.errors import GatewayRefused
from payments.provider import IntentRequest, SessionRequest
from payments.stripe_client import BoundedClient, asking
from shop.core.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable

# The first build of stripe-mock compiles for a minute.
pytestmark = [pytest.mark.once, pytest.mark.needs_stripe_mock, pytest.mark.timeout(400)]

ID = UUID("01900000-0000-7000-8000-000000000001")
THEN = datetime(2026, 5, 1, tzinfo=UTC)
ASKED = IntentRequest(
    payment_id=ID, attempt=1, order_id=ID, number="A-1", amount=Money(1990, "EUR"), email="a@example.com"
)
OF_A_CUSTOMER = replace(ASKED, captures_later=True, customer_id="cus_1")
PAGE = SessionRequest(
    intent=ASKED,
    language="de",
    success_url="https://shop.example/back",
    cancel_url="https://shop.example/cart",
    expires_at=THEN,
)


def everything_once(listed: Callable[..., Any]) -> Callable[[], Any]:
    """Return a call that reads a list of Stripe's books to its end."""
    return lambda: list(listed(THEN))


# Each function that asks Stripe, in each shape that it asks in.
CALLS: dict[str, list[Callable[[], Any]]] = {
    "gateway.create_intent": [
        lambda: gateway.create_intent(ASKED),
        lambda: gateway.create_intent(OF_A_CUSTOMER),
    ],
    "gateway.create_session": [
        lambda: gateway.create_session(PAGE),
        lambda: gateway.create_session(replace(PAGE, intent=OF_A_CUSTOMER)),
        lambda: gateway.create_session(replace(PAGE, intent=replace(ASKED, email=""))),
    ],
    "gateway.retrieve_session": [lambda: gateway.retrieve_session("cs_1")],
    "gateway.expire_session": [lambda: gateway.expire_session("cs_1")],
    "gateway.find_session_by_metadata": [lambda: gateway.find_session_by_metadata(ID, since=THEN)],
    "gateway.retrieve_intent": [lambda: gateway.retrieve_intent("pi_1")],
    "gateway.cancel_intent": [lambda: gateway.cancel_intent("pi_1")],
    "gateway.capture_intent": [
        lambda: gateway.capture_intent("pi_1", amount=Money(1990, "EUR"), key="capture:1")
    ],
    "gateway.find_intent_by_metadata": [lambda: gateway.find_intent_by_metadata(ID, since=THEN)],
    "gateway.create_refund": [
        lambda: gateway.create_refund(refund_id=ID, attempt=1, pi_id="pi_1", amount=Money(500, "EUR"))
    ],
    "gateway.list_refunds": [lambda: gateway.list_refunds("pi_1")],
    "gateway_cards.create_customer": [lambda: gateway_cards.create_customer(ID, attempt=1)],
    "gateway_cards.delete_customer": [lambda: gateway_cards.delete_customer("cus_1")],
    "gateway_cards.create_setup": [lambda: gateway_cards.create_setup("cus_1")],
    "gateway_cards.list_cards": [lambda: gateway_cards.list_cards("cus_1")],
    "gateway_cards.require_card": [lambda: gateway_cards.require_card("cus_1", "pm_1")],
    "gateway_cards.detach_card": [lambda: gateway_cards.detach_card("pm_1")],
    "books.retrieve_dispute": [lambda: books.retrieve_dispute("dp_1")],
    # All that asks by it: the four lists, of a time and beside an intent.
    "books._walk": [
        lambda: books.look_up("pi_1"),
        *map(
            everything_once,
            (books.intents_since, books.charges_since, books.refunds_since, books.disputes_since),
        ),
    ],
}


def functions_that_ask() -> set[str]:
    """Return every function of the shop that makes a request of Stripe, read from its source."""
    found = set()
    for file in Path(gateway.__file__).parent.rglob("*.py"):
        if "tests" in file.parts:
            continue
        tree = ast.parse(file.read_text())
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            names = {
                node.func.id
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            if names & {"asking", "_asking", "client_for"}:
                found.add(f"{file.stem}.{function.name}")
    return found - {"stripe_client.asking"}


@pytest.fixture
def sent(stripe_mock, settings, monkeypatch):
    """Ask stripe-mock from here on; return method and path of each request. Each list seems to have two pages."""
    settings.STRIPE_API_BASE = stripe_mock
    settings.STRIPE_SECRET_KEY = "sk_test_shop"
    settings.STRIPE_RECEIPT_EMAIL = True
    settings.STATEMENT_DESCRIPTOR = "ORDER"
    requests: list[tuple[str, str]] = []
    real = BoundedClient.request

    def request(self: BoundedClient, method: str, url: str, *rest: Any) -> tuple[Any, ...]:
        requests.append((method, urlsplit(url).path))
        body, status, headers = real(self, method, url, *rest)
        if "starting_after" not in url:
            body = body.replace(b'"has_more":false', b'"has_more":true')
        return body, status, headers

    monkeypatch.setattr(BoundedClient, "request", request)
    return requests


def test_every_request_is_as_stripe_describes_it(sent):
    assert set(CALLS) == functions_that_ask()
    silent = []
    for name, calls in CALLS.items():
        for call in calls:
            before = len(sent)
            call()
            silent += [name] if len(sent) == before else []

    assert silent == []
    # Two of a page each: since a time, and beside an intent.
    assert sent.count(("get", "/v1/disputes")) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 1990, "currency": "eur", "colour": "red"},
        {"amount": "much", "currency": "eur"},
        {"amount": 1990},
        {"amount": 1990, "currency": "eur", "capture_method": "now and then"},
        {"amount": 1990, "currency": "eur", "automatic_payment_methods": {"enable": True}},
    ],
)
def test_what_stripe_doesnt_describe_is_refused(sent, wrong):
    with pytest.raises(GatewayRefused), asking("create an intent") as client:
        client.v1.payment_intents.create(wrong)
