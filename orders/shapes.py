"""How an order looks to a client: plain functions over an order with the rows that ``ready`` gives it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from orders.moves import HOLD_RELEASED
from shop.core.money import rate_text, to_text

# What a line and an address of an order are read with.
LINE = (
    "id", "product_id", "variant_id", "sku", "name", "quantity", "unit_price", "line_total", "discount_amount",
    "tax_rate", "tax_amount", "shipped", "cancelled", "returned",
)  # fmt: skip
SHIPMENT = ("id", "carrier", "carrier_name", "tracking_number", "tracking_url", "shipped_at", "delivered_at")
ADDRESS = (
    "kind", "full_name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone",
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.models import Order, OrderMove

# What a step means to the person who waits: (axis, state) -> (stage, sentence). Others aren't shown.
STEPS = {
    ("status", "pending"): ("placed", _("We have your order.")),
    ("status", "confirmed"): ("preparing", _("Your order is confirmed and being prepared.")),
    ("status", "cancelled"): ("cancelled", _("Your order was cancelled.")),
    ("status", "expired"): ("expired", _("Your order was not paid in time.")),
    ("payment_status", "processing"): ("processing", _("Your payment is being processed.")),
    ("payment_status", "failed"): ("placed", _("Your payment was refused. You can try again.")),
    ("payment_status", "paid"): ("preparing", _("We have received your payment.")),
    ("payment_status", "partially_refunded"): ("refunded", _("Part of your money is on its way back.")),
    ("payment_status", "refunded"): ("refunded", _("Your money is on its way back.")),
    ("fulfilment_status", "partial"): ("partly_shipped", _("Part of your order has been sent.")),
    ("fulfilment_status", "shipped"): ("shipped", _("Your order has been sent.")),
    ("fulfilment_status", "delivered"): ("delivered", _("Your order has been delivered.")),
    ("fulfilment_status", "returned"): ("returned", _("Your order has come back to us.")),
}

# Of money that was only held: nothing is on its way back.
_RELEASED = ("refunded", _("The hold on part of your money is released."))


def step_of(move: OrderMove) -> tuple[str, Any] | None:
    """Return stage and sentence of a step as the shopper is told of it, or None for one that isn't shown."""
    if move.cause == HOLD_RELEASED:
        return _RELEASED
    return STEPS.get((move.axis, move.to_state))


def stage_of(order: Order) -> str:
    """Return where an order stands in one word for people: the first that fits."""
    if order.status in ("cancelled", "expired"):
        return order.status
    if order.payment_status == "refunded":
        return "refunded"
    by_goods = {
        "returned": "returned",
        "delivered": "delivered",
        "shipped": "shipped",
        "partial": "partly_shipped",
    }
    if order.fulfilment_status in by_goods:
        return by_goods[order.fulfilment_status]
    if order.status in ("confirmed", "completed"):
        return "preparing"
    return "processing" if order.payment_status == "processing" else "placed"


def addresses_json(order: Any) -> dict[str, dict[str, str]]:
    """Return an order's addresses by kind; PostgreSQL doesn't keep the order of keys, and answers are repeated."""
    return {
        row["kind"]: {name: row[name] for name in ADDRESS if name != "kind"} for row in order.address_rows
    }


def shape(order: Any) -> dict[str, Any]:
    """Return an order as the contract has it: one that was read by ``selectors.ready``, or placed just now."""
    currency = order.currency

    def text(minor: int) -> str:
        return to_text(minor, currency)

    addresses = addresses_json(order)
    return {
        "id": str(order.pk),
        "number": order.number,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "stage": stage_of(order),
        "email": order.email,
        "language": order.language,
        "items": [line_json(line, currency) for line in order.line_rows],
        "shipping_address": addresses.get("shipping"),
        "billing_address": addresses.get("billing"),
        "shipping_method": order.shipping_method or None,
        "coupons": order.coupons,
        "discounts": [{**one, "amount": text(one["amount"])} for one in order.discounts],
        "note": order.note,
        "terms_version": order.terms_version or None,
        "age_confirmed": order.age_confirmed,
        "subtotal": text(order.subtotal),
        "discount_total": text(order.discount_total),
        "shipping_total": text(order.shipping_total),
        "tax_total": text(order.tax_total),
        "tax_added": text(order.tax_added),
        "prices_include_tax": order.prices_include_tax,
        "tax_treatment": order.tax_treatment or None,
        "vat_id": order.vat_id or None,
        "tax_lines": [
            {
                "name": line["name"],
                "rate": rate_text(line["rate"]),
                "taxable": text(line["taxable"]),
                "amount": text(line["amount"]),
            }
            for line in order.tax_lines
        ],
        "total": text(order.total),
        "refunded_total": text(order.refunded_total),
        "currency": currency,
        "shipments": shipments_json(order),
        "placed_at": order.placed_at,
        "payment_due_at": order.payment_due_at,
    }


def line_json(line: dict[str, Any], currency: str) -> dict[str, Any]:
    """Return a line as the contract has it."""
    return {
        "id": uuid_text(line["id"]),
        "product": line["product_id"],
        "variant": line["variant_id"],
        "sku": line["sku"],
        "name": line["name"],
        "options": line["options"],
        "quantity": line["quantity"],
        "unit_price": to_text(line["unit_price"], currency),
        "line_total": to_text(line["line_total"], currency),
        "discount_amount": to_text(line["discount_amount"], currency),
        "tax_rate": rate_text(line["tax_rate"]),
        "tax_amount": to_text(line["tax_amount"], currency),
        "shipped": line["shipped"],
        "cancelled": line["cancelled"],
        "returned": line["returned"],
    }


def shipments_json(order: Any) -> list[dict[str, Any]]:
    """Return the parcels of an order with what is in them, in the order they were sent."""
    held: dict[str, list[dict[str, Any]]] = {}
    for row in order.shipped_rows:
        item = {
            "line": uuid_text(row["line_id"]),
            "sku": row["sku"],
            "name": row["name"],
            "quantity": row["quantity"],
        }
        held.setdefault(uuid_text(row["shipment_id"]), []).append(item)
    return [
        {
            **{name: row[name] for name in ("carrier", "carrier_name", "tracking_number")},
            "id": uuid_text(row["id"]),
            "tracking_url": row["tracking_url"] or None,
            "shipped_at": _instant(row["shipped_at"]),
            "delivered_at": _instant(row["delivered_at"]),
            "items": held.get(uuid_text(row["id"]), []),
        }
        for row in order.shipment_rows
    ]


def uuid_text(value: Any) -> str:
    """Return an id that was read as JSON with its dashes: SQLite keeps a UUID without them."""
    return str(UUID(str(value)))


def _instant(text: Any) -> datetime | None:
    """Return a time that was read as JSON: SQLite writes it without its zone, which is UTC."""
    if text is None:
        return None
    at = datetime.fromisoformat(str(text))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def moves_json(moves: Iterable[OrderMove], language: str) -> list[dict[str, Any]]:
    """Return the steps that a shopper is shown, oldest first, in their language."""
    with override(language):
        return [
            {"stage": stage, "message": str(message), "at": move.at}
            for move in moves
            if (step := step_of(move))
            for stage, message in (step,)
        ]
