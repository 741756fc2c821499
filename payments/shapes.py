"""How a payment looks to a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from payments.links import receipt_url
from payments.proving import written
from shop.core.money import to_text

if TYPE_CHECKING:
    from payments.models import Payment, Refund
    from payments.provider import Card
    from payments.selectors import IssuedCreditNote, IssuedReceipt, Proof
    from payments.services import StartedPayment


def payment_json(payment: Payment) -> dict[str, Any]:
    """Return a payment as the contract has it; its secret is added where one is due."""
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
        "receipt_url": receipt_url(payment.pk) if payment.pays_order else None,
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


def started_json(started: StartedPayment) -> dict[str, str]:
    """Return what a customer pays with: the secret for the storefront's form, or the page to go to."""
    if started.redirect_url:
        return {"redirect_url": started.redirect_url}
    return {"client_secret": started.client_secret}


def card_json(card: Card) -> dict[str, Any]:
    """Return a saved card as the contract has it."""
    return {
        "id": card.id,
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
    }


def receipt_json(receipt: IssuedReceipt) -> dict[str, Any]:
    """Return a receipt as data: what the page and the PDF show."""
    return {**receipt.document, "code": written(receipt.code) or None}


def credit_note_json(note: IssuedCreditNote) -> dict[str, Any]:
    """Return a credit note as data, with the buyer of the receipt that it belongs to."""
    return {**receipt_json(note), "buyer": note.receipt["buyer"]}


def proof_json(proof: Proof) -> dict[str, Any]:
    """Return whether a document is genuine; the answer has the same fields for one that isn't."""
    return {
        "genuine": proof.number is not None,
        "kind": proof.kind,
        "number": proof.number,
        "issued_on": timezone.localtime(proof.issued_at).date() if proof.issued_at else None,
        "total": proof.total,
        "currency": proof.currency,
    }
