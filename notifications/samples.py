"""
What each mail may say, with values made up: for previews, and to check what staff write.

A sample is also the shape of what staff's own words get to see: nothing that isn't in it reaches them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_AT = datetime(2026, 11, 23, 15, 4, tzinfo=UTC)


class Open(dict[str, Any]):
    """Names that are made up by staff, such as a variant's options: each is let through."""


_ADDRESS = {
    "full_name": "Ana Müller",
    "company": "Müller & Töchter GmbH",
    "line1": "Hauptstraße 12",
    "line2": "Hinterhaus",
    "city": "Berlin",
    "region": "",
    "postal_code": "10115",
    "country": "DE",
}
_ITEMS = [
    {
        "name": "Walnut desk lamp",
        "sku": "LAMP-WAL",
        "options": Open({"Shade": "Linen", "Cable": "Black"}),
        "quantity": 2,
        "unit_price": "89.50",
        "line_total": "179.00",
    },
    {
        "name": "Stoneware mug",
        "sku": "MUG-4",
        "options": Open(),
        "quantity": 4,
        "unit_price": "14.00",
        "line_total": "56.00",
    },
]
_ORDER = {
    "number": "K7Q2MXR94T",
    "status": "confirmed",
    "payment_status": "paid",
    "items": _ITEMS,
    "shipping_address": _ADDRESS,
    "billing_address": _ADDRESS,
    "subtotal": "235.00",
    "discounts": [{"name": "Autumn", "code": "AUTUMN", "amount": "23.50"}],
    "discount_total": "23.50",
    "shipping_total": "4.90",
    "tax_total": "34.55",
    "prices_include_tax": True,
    "tax_lines": [{"name": "VAT", "rate": "0.19", "taxable": "181.85", "amount": "34.55"}],
    "tax_treatment": "taxed",
    "vat_id": "",
    "total": "216.40",
    "currency": "EUR",
    "placed_at": "2026-11-23T15:04:05+00:00",
    "payment_due_at": "2026-11-23T15:34:05+00:00",
}
_VALUES: dict[str, Any] = {
    "dispute": {
        "amount": 21640,
        "currency": "EUR",
        "reason": "product not received",
        "is_inquiry": False,
        "due_by": datetime(2026, 12, 3, 23, 59, tzinfo=UTC),
    },
    "order_number": "K7Q2MXR94T",
    "won": True,
    "note": "The lamp leaves on Monday: the linen shades came late.",
    "name": "Ana",
    "verify_url": "https://shop.example/account/verify/uid/token/",
    "reset_url": "https://shop.example/account/reset/uid/token/",
    "confirm_url": "https://shop.example/account/email/uid/token/",
    "new_address": "n…@e….com",
    "at": _AT,
    "until": datetime(2026, 11, 24, 15, 4, tzinfo=UTC),
    "browser": "Firefox",
    "system": "Windows",
    "network": "203.0.113.x",
    "session": {
        "created_at": "2026-11-20T08:00:00+00:00",
        "last_seen_at": "2026-11-23T15:00:00+00:00",
        "ended_at": "2026-11-23T15:04:00+00:00",
    },
    "enabled": True,
    "by_staff": False,
    "order": _ORDER,
    "order_url": "https://shop.example/account/orders/1/?token=a",
    "guest": True,
    "was_paid": True,
    "parcel": {
        "carrier_name": "DHL",
        "tracking_number": "00340434161094042557",
        "tracking_url": "https://carrier.example/?n=00340434161094042557",
    },
    "last": False,
    "items": [
        {"name": "Walnut desk lamp", "options": Open({"Shade": "Linen", "Cable": "Black"}), "quantity": 2}
    ],
    "back": {"message": "Use the label in the parcel."},
    "step": "approved",
    "receipt_number": "R-2026-000042",
    "receipt_file": "receipt-R-2026-000042.pdf",
    "refund_minor": 500,
    "refund_currency": "EUR",
    "product_name": "Walnut desk lamp",
    "variant_name": " (Linen, Black)",
    "product_url": "https://shop.example/products/walnut-desk-lamp/",
    "admin_url": "https://shop.example/admin/products/product/1/change/",
    "cart": {"items": _ITEMS, "currency": "EUR"},
    "cart_url": "https://store.example/cart/",
    "unsubscribe_url": "https://shop.example/account/unsubscribe/token/",
    "lines": [{"sku": "LAMP-WAL", "variant_name": " (Linen)", "available": 2}],
}
_REFUND = "refund_minor refund_currency"

# Mail -> the values it has. What ends in ! is what the mail is for, and must be in it.
_NAMES = {
    "welcome": "name verify_url!",
    "already_registered": "name reset_url",
    "password_reset": "name reset_url!",
    "verify_email": "name verify_url!",
    "refresh_token_reused": "name reset_url browser system network session",
    "new_sign_in": "name reset_url browser system network session",
    "two_factor_changed": "name reset_url enabled by_staff at",
    "email_change_confirm": "name confirm_url! until",
    "email_change_asked": "name new_address at reset_url!",
    "email_change_taken": "name",
    "email_changed": "name new_address at",
    "cart_abandoned": "name cart cart_url unsubscribe_url",
    "back_in_stock": "name product_name variant_name product_url unsubscribe_url",
    "stock_low": "product_name lines admin_url",
    "dispute_opened": "dispute order_number admin_url",
    "dispute_closed": "dispute order_number won admin_url",
    "order_placed": "order order_url",
    "order_paid": "order order_url receipt_number receipt_file",
    "payment_failed": "order order_url",
    "order_cancelled": "order order_url was_paid",
    "order_expired": "order order_url",
    "order_shipped": "order order_url parcel items last",
    "order_delivered": "order order_url parcel items",
    "order_lines_cancelled": f"order order_url items {_REFUND}",
    "order_return": f"order order_url items back step {_REFUND}",
    "order_note": "order order_url note",
    "order_link": "order order_url! guest",
    "order_refunded": f"order order_url {_REFUND}",
}
# What every mail has.
EVERYWHERE = {"shop_name": "Fern & Oak", "home_url": "https://shop.example/"}


def mails() -> list[str]:
    """Return every mail of the shop, in the order of their names."""
    return sorted(_NAMES)


def title_of(mail: str) -> str:
    """Return a mail's name for people: ``Order placed``."""
    return mail.replace("_", " ").capitalize()


def values_of(mail: str) -> list[tuple[str, str]]:
    """Return what a mail may show with an example of each, by its dotted name; of a list, what each entry has."""
    return [*_named({**EVERYWHERE, **sample_of(mail)})]


def sample_of(mail: str) -> dict[str, Any]:
    """Return values for a mail, made up; the caller's own to change."""
    named = (name.rstrip("!") for name in _NAMES[mail].split())
    return {name: _like(_VALUES[name], _VALUES[name]) for name in named}


def needed_by(mail: str) -> list[str]:
    """Return the values that a mail is of no use without."""
    return [name.rstrip("!") for name in _NAMES[mail].split() if name.endswith("!")]


def shown_to_words(mail: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of the values that the words of a mail may show, and nothing else."""
    sample = {**EVERYWHERE, **sample_of(mail)}
    return {name: _like(shape, context[name]) for name, shape in sample.items() if name in context}


def _like(shape: Any, value: Any) -> Any:
    if value is None or isinstance(shape, Open):
        return value if value is None else dict(value)
    if isinstance(shape, dict):
        return {name: _like(of, _part(value, name)) for name, of in shape.items() if _has(value, name)}
    if isinstance(shape, list):
        return [_like(shape[0], one) for one in value]
    return value


def _named(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in sorted(values.items()):
        path = f"{before}{name}"
        if isinstance(value, list):
            yield path, f"a list; each has {', '.join(value[0])}"
        elif isinstance(value, Mapping) and not isinstance(value, Open):
            yield from _named(value, f"{path}.")
        elif value != "":
            yield path, ", ".join(value) if isinstance(value, Open) else str(value)


def _has(value: Any, name: str) -> bool:
    return name in value if isinstance(value, Mapping) else hasattr(value, name)


def _part(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, Mapping) else getattr(value, name)
