"""Visitors of the API who keep the cart token that the shop gave them."""

from __future__ import annotations

from typing import Any

from users.tests.clients import anonymous

API = "/api/v1/cart/"
EMPTY: dict[str, Any] = {
    "id": None, "items": [], "coupons": [], "discounts": [], "country": None, "region": None, "postal_code": None,
    "shipping_method": None, "subtotal": "0.00", "discount_total": "0.00", "shipping_total": None, "tax_total": None,
    "tax_added": None, "tax_treatment": None, "vat_id": None,
    "prices_include_tax": True, "tax_lines": [], "total": "0.00", "currency": "EUR",
    "item_count": 0, "changes": [], "requires": {"terms": None, "minimum_age": None},
}  # fmt: skip


class Guest:
    """A visitor who keeps the token that the shop gave them."""

    def __init__(self, token: str | None = None) -> None:
        self.client = anonymous()
        self.token = token

    def __call__(self, method: str, path: str = "", body=None, **headers):
        if self.token:
            headers["X-Cart-Token"] = self.token
        response = getattr(self.client, method)(f"{API}{path}", body, headers=headers)
        self.token = response.headers.get("X-Cart-Token", self.token)
        return response

    def add(self, made, quantity: int = 1):
        return self("post", "items/", {"variant": made.pk, "quantity": quantity})
