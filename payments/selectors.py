"""Every way payments are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orders import selectors as orders
from payments import proving
from payments.documents import as_html, as_pdf
from payments.models import (
    OPEN,
    CreditNote,
    Dispute,
    Payment,
    PaymentException,
    Receipt,
    Reconciliation,
    Refund,
)
from payments.sheet import credit_note_sheet, receipt_sheet
from shop.core.errors import NotFound
from shop.core.money import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from orders.selectors import Viewer
    from payments.sheet import Sheet


@dataclass(frozen=True, kw_only=True)
class IssuedReceipt:
    """A receipt as it was issued, ready to be shown in any form; the same facts always give the same bytes."""

    number: str
    payment_id: UUID
    issued_at: datetime
    document: Mapping[str, Any]
    # What proves it genuine; empty on receipts of before there were any.
    code: str = ""

    @classmethod
    def of(cls, receipt: Receipt) -> IssuedReceipt:
        """Return what a row says."""
        return cls(
            number=receipt.number,
            payment_id=receipt.payment_id,
            issued_at=receipt.issued_at,
            document=receipt.document,
            code=receipt.code or "",
        )

    def pdf(self) -> bytes:
        """Return it as a PDF."""
        return as_pdf(self._sheet())

    def html(self) -> str:
        """Return it as a page."""
        return as_html(self._sheet())

    def _sheet(self) -> Sheet:
        return receipt_sheet(self.document, self.code)


@dataclass(frozen=True, kw_only=True)
class IssuedCreditNote(IssuedReceipt):
    """A credit note as it was issued; its buyer stands on the receipt that it belongs to."""

    receipt: Mapping[str, Any]

    def _sheet(self) -> Sheet:
        return credit_note_sheet(self.document, self.receipt, self.code)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What anybody who holds a document's code may know of it; nothing where there is no such document."""

    kind: str | None = None
    number: str | None = None
    issued_at: datetime | None = None
    total: str | None = None
    currency: str | None = None


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


def refunds_of(payment_id: UUID) -> QuerySet[Refund]:
    """Return the refunds of a payment, wherever they were made."""
    return Refund.objects.filter(payment=payment_id)


def refund_by_id(refund_id: UUID) -> Refund:
    """
    Return a refund; whoever asks has been checked already.

    :raises Refund.DoesNotExist: there is none.
    """
    return Refund.objects.get(pk=refund_id)


def dispute_for_mail(dispute_id: UUID) -> dict[str, Any] | None:
    """Return what staff are told of a dispute, amounts in minor units; None when there is none."""
    dispute = Dispute.objects.filter(pk=dispute_id).select_related("payment").first()
    if dispute is None:
        return None
    return {
        "id": dispute.pk,
        "order_number": orders.payable(dispute.payment.order_id).number,
        "amount": dispute.amount,
        "currency": dispute.currency,
        "reason": dispute.reason.replace("_", " "),
        "is_inquiry": dispute.is_inquiry,
        "due_by": dispute.evidence_due_by,
    }


@dataclass(frozen=True, kw_only=True)
class OpenWork:
    """What about money waits for somebody, in numbers."""

    unreconciled: int
    exceptions: int
    disputes: int


def open_work() -> OpenWork:
    """Return how much about money waits for somebody; ``unreconciled`` as of the last comparison that ended."""
    last = Reconciliation.objects.filter(finished_at__isnull=False, error="").order_by("-started_at")
    return OpenWork(
        unreconciled=last.values_list("left_open", flat=True).first() or 0,
        exceptions=PaymentException.objects.filter(state=PaymentException.State.OPEN).count(),
        disputes=Dispute.objects.filter(state=Dispute.State.OPENED).count(),
    )


def receipt_for_order(order_id: UUID) -> IssuedReceipt | None:
    """Return the receipt of an order, or None while it isn't issued."""
    receipt = Receipt.objects.filter(payment__order=order_id).order_by("issued_at").first()
    return IssuedReceipt.of(receipt) if receipt else None


def credit_notes_of(payment_id: UUID) -> list[IssuedCreditNote]:
    """Return the credit notes of a payment that are issued, oldest first."""
    notes = CreditNote.objects.filter(payment=payment_id).select_related("payment__receipt")
    return [
        IssuedCreditNote(
            number=note.number,
            payment_id=note.payment_id,
            issued_at=note.issued_at,
            document=note.document,
            code=note.code,
            receipt=note.payment.receipt.document,
        )
        for note in notes.order_by("issued_at", "sequence")
    ]


def credit_note_of(payment_id: UUID, number: str) -> IssuedCreditNote:
    """
    Return one credit note of a payment.

    :raises NotFound: it has no such note.
    """
    for note in credit_notes_of(payment_id):
        if note.number == number:
            return note
    raise NotFound


def proof_of(code: str) -> Proof:
    """
    Return which document of the shop has this code, if any has; one that was changed since doesn't count.

    :param code: as people write it, with or without its dashes.
    """
    wanted = proving.read(code)
    if not wanted:
        return Proof()
    for kind, rows in (("receipt", Receipt.objects), ("credit_note", CreditNote.objects)):
        found = rows.filter(code=wanted).first()
        if found is not None and proving.digest_of(found.document) == found.digest:
            return Proof(
                kind=kind,
                number=found.number,
                issued_at=found.issued_at,
                total=found.document["total"],
                currency=found.document["currency"],
            )
    return Proof()


def count_receipts(user_id: UUID) -> int:
    """Return how many receipts were issued for a customer's payments."""
    return Receipt.objects.filter(payment__order__user=user_id).count()


def unsettled(user_id: UUID) -> list[str]:
    """Return a sentence for each of a customer's orders about whose money something is still to be done."""
    payments = payments_of(user_id)
    # A pending order's open payment is the order's own business.
    still_open = payments.filter(status__in=OPEN).exclude(order__status="pending")
    sent_back = Refund.objects.filter(
        payment__order__user=user_id, state__in=(Refund.State.REQUESTED, Refund.State.SENT)
    )
    cases = PaymentException.objects.filter(payment__order__user=user_id, state=PaymentException.State.OPEN)
    # Issued later, it would have no buyer.
    unwritten = payments.filter(pays_order=True, receipt__isnull=True)
    found = (
        ("The payment of order {} is still under way.", still_open, "order__number"),
        ("The money for order {} isn't back yet.", sent_back, "payment__order__number"),
        ("Somebody has to look at the payment of order {} first.", cases, "payment__order__number"),
        ("The receipt for order {} isn't written yet.", unwritten, "order__number"),
    )
    return [
        sentence.format(number)
        for sentence, rows, name in found
        for number in rows.order_by(name).values_list(name, flat=True).distinct()
    ]


def payments_held(user_id: UUID) -> list[dict[str, Any]]:
    """Return everything that a customer's payments say, with their refunds and receipts, oldest first."""
    rows = payments_of(user_id).select_related("receipt")
    rows = rows.prefetch_related("refunds", "disputes", "credit_notes")
    return [_held(payment) for payment in rows.order_by("created_at", "pk")]


def _held(payment: Payment) -> dict[str, Any]:
    receipt = getattr(payment, "receipt", None)
    return {
        "id": payment.pk,
        "order": payment.order_id,
        "status": payment.status,
        "amount": to_text(payment.amount, payment.currency),
        "currency": payment.currency,
        "provider": payment.provider,
        "provider_id": payment.pi_id,
        "charge_id": payment.charge_id,
        "provider_customer": payment.stripe_customer,
        "method": payment.method,
        "brand": payment.brand,
        "last4": payment.last4,
        "last_error": payment.last_error,
        "created_at": payment.created_at,
        "succeeded_at": payment.succeeded_at,
        "refunds": [
            {
                "amount": to_text(refund.amount, refund.currency),
                "state": refund.state,
                "reason": refund.reason,
                "note": refund.note,
                "created_at": refund.created_at,
                "finished_at": refund.finished_at,
            }
            for refund in sorted(payment.refunds.all(), key=lambda refund: refund.created_at)
        ],
        "disputes": [
            {
                "amount": to_text(dispute.amount, dispute.currency),
                "currency": dispute.currency,
                "reason": dispute.reason,
                "state": dispute.state,
                "opened_at": dispute.opened_at,
                "closed_at": dispute.closed_at,
            }
            for dispute in sorted(payment.disputes.all(), key=lambda dispute: dispute.opened_at)
        ],
        "receipt": receipt.document if receipt else None,
        "credit_notes": [note.document for note in payment.credit_notes.all()],
    }
