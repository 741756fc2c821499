"""
A storefront in a hundred lines: a guest buys two of something from a running shop, with nothing but Python.

    python3 examples/buy.py [http://127.0.0.1:8000]

It does what a real storefront does, call by call, except that the card is confirmed by the local fake of Stripe
(a browser would do that with Stripe's own script, and no other line would change).
"""

from __future__ import annotations

import json
import sys
import time
import urllib.parse
import urllib.request
import uuid
from typing import Any

ADDRESS = {
    "full_name": "Grace Hopper",
    "line1": "Rosenweg 3",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}


def fetch(method: str, url: str, data: bytes | None, headers: dict[str, str]) -> tuple[Any, Any]:
    """Return an answer's headers and its JSON, or its bytes where it is none; a refusal raises HTTPError."""
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  (http, from the command line)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found = answer.read()
        return answer.headers, json.loads(found) if found[:1] in (b"{", b"[") else found


class Shop:
    """The API of a shop, and the tokens that say who this guest is."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self.tokens: dict[str, str] = {}

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        """Return what the API answers; a refusal is an HTTPError with a problem in its body."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **self.tokens, **headers}
        got, found = fetch(method, f"{self.base}/api/v1/{path}", data, sent)
        # The first thing put into a cart opens it; whoever holds the token holds the cart.
        if token := got.get("X-Cart-Token"):
            self.tokens["X-Cart-Token"] = token
        return found

    def once(self, path: str, body: dict[str, Any]) -> Any:
        """POST what must not happen twice: the same key could be sent again after a broken connection."""
        return self.call("POST", path, body, **{"Idempotency-Key": str(uuid.uuid4())})


def choose(shop: Shop, quantity: int) -> dict[str, Any]:
    """Return the cheapest variant there is enough of, as its product's page shows it."""
    for product in shop.call("GET", "products/?in_stock=true&ordering=price")["results"]:
        page = shop.call("GET", f"products/{product['slug']}/")
        for variant in page["variants"]:
            if variant["requires_shipping"] and (variant["available"] or 0) >= quantity:
                return {**variant, "name": page["name"], "currency": page["currency"]}
    raise SystemExit("There is nothing to buy.")


def fill_cart(shop: Shop, variant: dict[str, Any], quantity: int) -> dict[str, Any]:
    """Return the cart with its final total: it holds the goods and knows where they go and how."""
    shop.call("POST", "cart/items/", {"variant": variant["id"], "quantity": quantity})
    place = {"country": ADDRESS["country"], "postal_code": ADDRESS["postal_code"]}
    methods = shop.call("GET", f"cart/shipping_methods/?{urllib.parse.urlencode(place)}")
    cheapest = min(methods, key=lambda method: float(method["price"]))
    cart: dict[str, Any] = shop.call("PATCH", "cart/", {**place, "shipping_method": cheapest["code"]})
    return cart


def place_order(shop: Shop, cart: dict[str, Any], email: str) -> dict[str, Any]:
    """Return the order; from now on its token opens it."""
    body = {
        "email": email,
        "shipping_address": ADDRESS,
        "shipping_method": cart["shipping_method"],
        "expected_total": cart["total"],
    }
    order: dict[str, Any] = shop.once("orders/", body)
    shop.tokens["X-Order-Token"] = order["access_token"]
    return order


def pay(shop: Shop, order: dict[str, Any], card: str) -> dict[str, Any]:
    """Return the payment, confirmed as the customer's browser would."""
    payment: dict[str, Any] = shop.once("payments/", {"order": order["id"]})
    _, addresses = fetch("GET", f"{shop.base}/dev/", None, {})
    intent = payment["client_secret"].partition("_secret_")[0]
    form = urllib.parse.urlencode({"payment_method": card, "client_secret": payment["client_secret"]})
    bearer = {"Authorization": f"Bearer {payment['publishable_key']}"}
    confirm = f"{addresses['stripe_api']}/v1/payment_intents/{intent}/confirm"
    fetch("POST", confirm, form.encode(), bearer)
    return payment


def wait_until_paid(shop: Shop, payment: dict[str, Any], seconds: float = 30) -> None:
    """Ask until the payment is through: the shop asks Stripe itself, so a lost webhook only costs moments."""
    until = time.monotonic() + seconds
    while shop.call("GET", f"payments/{payment['id']}/")["status"] != "succeeded":
        if time.monotonic() > until:
            raise SystemExit(f"Not paid after {seconds:.0f} s.")
        time.sleep(0.2)


def main(base: str) -> None:
    """Buy, and say what happened."""
    shop = Shop(base)
    variant = choose(shop, 2)
    print(f"Chosen: 2 x {variant['name']} ({variant['sku']}), {variant['price']} {variant['currency']} each")
    cart = fill_cart(shop, variant, 2)
    print(
        f"Cart: {cart['subtotal']} + shipping {cart['shipping_total']} = {cart['total']} {cart['currency']}"
    )
    order = place_order(shop, cart, f"guest-{uuid.uuid4().hex[:8]}@example.com")
    print(f"Order {order['number']}: {order['status']}, {order['payment_status']}")
    payment = pay(shop, order, "pm_card_visa")
    wait_until_paid(shop, payment)
    order = shop.call("GET", f"orders/{order['id']}/")
    print(f"Order {order['number']}: {order['status']}, {order['payment_status']}")
    pdf = shop.call("GET", f"payments/{payment['id']}/receipt/?format=pdf")
    print(f"Receipt: {len(pdf)} bytes of {pdf[1:4].decode()}, and a mail to {order['email']}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
