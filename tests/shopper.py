"""Somebody who buys in a running shop, by nothing but HTTP, as a storefront and a browser would."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.running_shop import wait_for

ADDRESS = {
    "full_name": "Ada Lovelace",
    "line1": "Hafenstr. 7",
    "city": "Hamburg",
    "postal_code": "20095",
    "country": "DE",
    "phone": "+494012345678",
}
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Shopper:
    """One person with one browser: keeps the tokens that the shop hands out."""

    def __init__(self, base: str, *, email: str = "") -> None:
        self.base = base
        self.email = email or f"buyer-{uuid4().hex[:10]}@example.com"
        self.password = uuid4().hex
        self.tokens: dict[str, str] = {}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request to the API, or to any address, and return the answer whatever its status."""
        url = path if path.startswith("http") else f"{self.base}/api/v1/{path}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": "application/json", **self.tokens, **named}
        request = urllib.request.Request(url, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path: str, **headers: str) -> Any:
        """Return the JSON of a GET that must succeed."""
        return self._must(self.ask("GET", path, **headers), 200)

    def post(self, path: str, body: Any, status: int = 201, **headers: str) -> Any:
        """Return the JSON of a POST that must succeed."""
        return self._must(self.ask("POST", path, body, **headers), status)

    def register(self) -> None:
        """Open an account."""
        profile = {
            "email": self.email,
            "password": self.password,
            "first_name": "Ada",
            "last_name": "Lovelace",
        }
        self.post("auth/register/", profile)

    def sign_in(self) -> None:
        """Sign in; from then on requests carry the access token."""
        signed_in = self.post("auth/login/", {"email": self.email, "password": self.password}, 200)
        self.tokens["Authorization"] = f"Bearer {signed_in['access']}"

    def product(self, slug: str) -> dict[str, Any]:
        """Return a product's page."""
        found: dict[str, Any] = self.get(f"products/{slug}/")
        return found

    def fill_cart(self, variant: int, quantity: int) -> dict[str, Any]:
        """Put something into the cart, say where it goes by the cheapest way, and return the priced cart."""
        added = self.ask("POST", "cart/items/", {"variant": variant, "quantity": quantity})
        self._must(added, 201)
        if token := added.headers["X-Cart-Token"]:
            self.tokens["X-Cart-Token"] = token
        place = {"country": ADDRESS["country"], "postal_code": ADDRESS["postal_code"]}
        methods = self.get(f"cart/shipping_methods/?{urllib.parse.urlencode(place)}")
        answer = self.ask("PATCH", "cart/", {**place, "shipping_method": methods[0]["code"]})
        cart: dict[str, Any] = self._must(answer, 200)
        return cart

    def place(self, cart: dict[str, Any], address: Any = None) -> dict[str, Any]:
        """Place the order of a cart; a guest keeps the token that opens it."""
        body = {
            "email": self.email,
            "shipping_address": address or ADDRESS,
            "shipping_method": cart["shipping_method"],
            "expected_total": cart["total"],
        }
        order: dict[str, Any] = self.post("orders/", body, Idempotency_Key=str(uuid4()))
        if token := order.get("access_token"):
            self.tokens["X-Order-Token"] = token
        return order

    def pay(self, order: dict[str, Any], card: str = "pm_card_visa") -> dict[str, Any]:
        """Start a payment and confirm it at the fake of Stripe, as the browser does."""
        payment: dict[str, Any] = self.post("payments/", {"order": order["id"]}, Idempotency_Key=str(uuid4()))
        stripe = self.get(f"{self.base}/dev/")["stripe_api"]
        intent = payment["client_secret"].partition("_secret_")[0]
        form = {"payment_method": card, "client_secret": payment["client_secret"]}
        confirmed = self.ask(
            "POST",
            f"{stripe}/v1/payment_intents/{intent}/confirm",
            urllib.parse.urlencode(form).encode(),
            Content_Type=FORM,
            Authorization=f"Bearer {payment['publishable_key']}",
        )
        assert confirmed.json["status"] == "succeeded", confirmed
        return payment

    def wait_until_paid(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return the order once it is paid."""

        def paid() -> Any:
            found = self.get(f"orders/{order['id']}/")
            return found if found["payment_status"] == "paid" else None

        found: dict[str, Any] = wait_for(paid, seconds=30, what=lambda: f"order {order['number']} isn't paid")
        return found

    def _must(self, answer: Answer, status: int) -> Any:
        assert answer.status == status, f"{status} was expected, not {answer.status}: {answer.body[:2000]!r}"
        return answer.json
