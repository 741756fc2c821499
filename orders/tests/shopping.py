"""Shoppers over HTTP: a client, its cart, and the body that places the order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from rest_framework.test import APIClient

from cart.models import TaxRate
from cart.tests.factories import bound_for, filled, selling, shopper
from orders.models import Order
from orders.tests.factories import ADDRESS
from orders.tokens import access_token
from products.models import Variant
from shop.core.ids import new_token
from shop.core.money import to_text
from users.tests.clients import anonymous, client_of

URL = "/api/v1/orders/"


@dataclass
class Buyer:
    """Somebody with a full cart; ``body`` is what placing it takes."""

    client: APIClient
    token: str
    body: dict[str, Any] = field(default_factory=dict)

    def place(self, key: str | None = None, **changes: Any) -> Any:
        """Place the order, under a fresh key unless one is given."""
        return self.client.post(
            URL, self.body | changes, headers={"Idempotency-Key": key or str(uuid4()), **self.cart}
        )

    @property
    def cart(self) -> dict[str, str]:
        return {"X-Cart-Token": self.token} if self.token else {}


def buyer(*variants: Variant, user: Any = None, quantity: int = 1) -> Buyer:
    """Return a guest, or a customer who is signed in, with these variants in the cart."""
    if not TaxRate.objects.exists():
        selling()
    token = "" if user else new_token()
    who = shopper(user, token)
    filled(who, *variants, quantity=quantity)
    cart = bound_for(who)
    body = {
        "shipping_address": asdict(ADDRESS),
        "shipping_method": "standard",
        "expected_total": to_text(cart.totals.total, "EUR"),
    }
    if user is None:
        body["email"] = "ada@example.com"
    return Buyer(client_of(user) if user else anonymous(), token, body)


def order_url(order: Order, action: str = "") -> str:
    return f"{URL}{order.pk}/{action and action + '/'}"


def token_of(order: Order) -> dict[str, str]:
    """Return the header that opens a guest's order."""
    return {"X-Order-Token": access_token(order.pk, order.token_version)}


def code(response: Any) -> tuple[int, str]:
    """Return the status of a refusal and its code."""
    return response.status_code, response.json()["code"]
