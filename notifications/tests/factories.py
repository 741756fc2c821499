"""What messages are about, made up for tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from notifications import services
from notifications.models import EmailMessage
from notifications.services import To

ADDRESS = {
    "full_name": "Ana Müller",
    "company": "Müller & Töchter GmbH",
    "line1": "Hauptstraße 12",
    "line2": "Hinterhaus",
    "city": "Berlin",
    "region": "",
    "postal_code": "10115",
    "country": "DE",
    "phone": "",
}


def an_order(**changes: Any) -> dict[str, Any]:
    """Return an order as ``orders.selectors.order_for_mail`` does."""
    return {
        "id": "0199b1a2-0000-7000-8000-000000000001",
        "number": "K7Q2MXR94T",
        "status": "pending",
        "payment_status": "unpaid",
        "email": "ana@example.com",
        "language": "en",
        "access_token": None,
        "items": [
            {
                "name": "Walnut desk lamp",
                "sku": "LAMP-WAL",
                "options": {"Shade": "Linen", "Cable": "Black"},
                "quantity": 2,
                "unit_price": "89.50",
                "line_total": "179.00",
                "discount_amount": "17.90",
                "tax_rate": "0.19",
            },
            {
                "name": "Stoneware mug",
                "sku": "MUG-4",
                "options": {},
                "quantity": 4,
                "unit_price": "14.00",
                "line_total": "56.00",
                "discount_amount": "5.60",
                "tax_rate": "0.19",
            },
        ],
        "shipping_address": dict(ADDRESS),
        "billing_address": dict(ADDRESS),
        "shipping_method": "standard",
        "subtotal": "235.00",
        "discount_total": "23.50",
        "shipping_total": "4.90",
        "tax_total": "34.55",
        "tax_added": "0.00",
        "prices_include_tax": True,
        "tax_lines": [{"name": "VAT", "rate": "0.19", "taxable": "181.85", "amount": "34.55"}],
        "total": "216.40",
        "currency": "EUR",
        "placed_at": "2026-11-23T15:04:05+00:00",
        "payment_due_at": "2026-11-23T15:34:05+00:00",
        **changes,
    }


def a_message(
    template: str = "order_placed", *, order_id: UUID | None = None, **changes: Any
) -> EmailMessage:
    """Write a message about an order, due now, and return it."""
    event_id, order_id = uuid4(), order_id or uuid4()
    services.enqueue(
        event_id=event_id, template=template, to=To.order(order_id), now=timezone.now(), order_id=order_id
    )
    if changes:
        EmailMessage.objects.filter(event_id=event_id).update(**changes)
    return EmailMessage.objects.get(event_id=event_id)
