"""How a payment looks to a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from payments.links import receipt_url
from payments.models import Payment, Refund
from shop.core.money import to_text

if TYPE_CHECKING:
    from payments.selectors import IssuedReceipt


def payment_json(payment: Payment) -> dict[str, Any]:
    """Return a payment as the contract has it; its secret is added where one is due."""
    has_receipt = payment.pays_order or payment.status == Payment.Status.AUTHORIZED
    card = {"method": payment.method, "brand": payment.brand or None, "last4": payment.last4 or None}
    return {
        "id": str(payment.pk),
        "order": str(payment.order_id),
        "status": payment.status,
        "amount": to_text(payment.amount, payment.currency),
        "currency": payment.currency,
        "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
        "paid_by": card if payment.method else None,
        "last_error": payment.last_error or None,
        "receipt_url": receipt_url(payment.pk) if has_receipt else None,
        "created_at": payment.created_at,
        "succeeded_at": payment.succeeded_at,
    }


def refund_json(refund: Refund) -> dict[str, Any]:
    """Return a refund as staff see it."""
    return {
        "id": str(refund.pk),
        "payment": str(refund.payment_id),
        "status": refund.state,
        "amount": to_text(refund.amount, refund.currency),
        "currency": refund.currency,
        "cause": refund.reason,
        "reason": refund.note,
        "lines": refund.lines,
        "error": refund.error or None,
        "created_at": refund.created_at,
        "finished_at": refund.finished_at,
    }


def receipt_json(receipt: IssuedReceipt) -> dict[str, Any]:
    """Return a receipt as data: what the page and the PDF show."""
    return dict(receipt.document)
