"""Every way payments are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orders import selectors as orders
from payments.documents import receipt_html, receipt_pdf
from payments.models import Payment, Receipt
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from orders.selectors import Viewer


@dataclass(frozen=True, kw_only=True)
class IssuedReceipt:
    """A receipt as it was issued, ready to be shown in any form; the same facts always give the same bytes."""

    number: str
    payment_id: UUID
    issued_at: datetime
    document: Mapping[str, Any]

    @classmethod
    def of(cls, receipt: Receipt) -> IssuedReceipt:
        """Return what a row says."""
        return cls(
            number=receipt.number,
            payment_id=receipt.payment_id,
            issued_at=receipt.issued_at,
            document=receipt.document,
        )

    def pdf(self) -> bytes:
        """Return it as a PDF."""
        return receipt_pdf(self.document)

    def html(self) -> str:
        """Return it as a page."""
        return receipt_html(self.document)


def payment_for(payment_id: UUID, *, viewer: Viewer) -> Payment:
    """
    Return a payment whose order the viewer may see.

    :raises NotFound: it is missing or somebody else's: both look alike.
    """
    payment = payment_by_id(payment_id)
    orders.order_for(payment.order_id, viewer=viewer)
    return payment


def payment_by_id(payment_id: UUID) -> Payment:
    """
    Return a payment; whoever asks has been checked already.

    :raises NotFound: there is none.
    """
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    return payment


def payments_of(user_id: UUID) -> QuerySet[Payment]:
    """Return a customer's payments."""
    return Payment.objects.filter(order__user=user_id)


def receipt_for_order(order_id: UUID) -> IssuedReceipt | None:
    """Return the receipt of an order, or None while it isn't issued."""
    receipt = Receipt.objects.filter(payment__order=order_id).order_by("issued_at").first()
    return IssuedReceipt.of(receipt) if receipt else None
