"""A shop as the fake of Stripe sees it: its SDK, its browser and its webhook endpoint."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import stripe

SECRET = "whsec_test_secret"
FAST: dict[str, Any] = {
    "settle_after": 0.05,
    "refund_after": 0.05,
    "dispute_after": 0.05,
    "retry_delays": (0.02, 0.05),
}


class Receiver:
    """A shop's webhook endpoint: keeps what it gets, answers what it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, str]] = []
        self.statuses: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.gate.wait(5)
                receiver.got.append((body, self.headers["Stripe-Signature"]))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.got]


def shop_at(fake, key="sk_test_shop"):
    return stripe.StripeClient(key, base_addresses={"api": fake.base_url}, max_network_retries=0)


def new_intent(shop, key=None, **params):
    values = {"amount": 1999, "currency": "eur", "metadata": {"order": "42"}, **params}
    return shop.v1.payment_intents.create(values, {"idempotency_key": key} if key else {})


def paid(shop, card="pm_card_visa", **params):
    return new_intent(shop, payment_method=card, confirm=True, **params)


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def error_of(caught) -> Any:
    """Return the error object in what the SDK raised."""
    return caught.value.error


def event_types(fake):
    return [event["type"] for event in fake.ledger("event")]


def call(fake, method, path, form=None, key="pk_test_browser", **headers):
    body = form if isinstance(form, bytes) else urllib.parse.urlencode(form).encode() if form else None
    sent = {"Authorization": f"Bearer {key}", **headers} if key else headers
    request = urllib.request.Request(fake.base_url + path, body, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def control(fake, path, /, **values):
    status, body, _ = call(
        fake,
        "POST",
        f"/_fake{path}",
        json.dumps(values).encode(),
        None,
        **{"Content-Type": "application/json"},
    )
    return status, json.loads(body)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def submit(url, form):
    """Return where a page's form leads: its Location, or its HTML when it leads nowhere."""
    try:
        with urllib.request.build_opener(_Stay).open(url, form.encode(), timeout=5) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.headers["Location"] or error.read().decode()
