"""Issuing credit notes: what went back of a receipt's money, each once, numbered without gaps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from orders import selectors as orders
from payments.models import CreditNote, Payment, Refund
from payments.services.receipts import issue_receipt, number_of, seal_of
from shop.core.errors import NotFound
from shop.core.money import from_text, rounded, to_text

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from payments.models import Receipt

SERIES = "C"
_NOT_TAKEN = "lines_cancelled"


@transaction.atomic
def issue_credit_notes(*, payment_id: UUID, now: datetime) -> list[CreditNote]:
    """
    Return the credit notes of a payment, oldest first; those that are due and missing are issued now.

    One is due for each refund that has succeeded, and one for what was authorized and never taken. A refund that
    fails afterwards keeps its note: the shop still owes that money. Money that no order has been paid with has no
    receipt, hence no note. The transaction must be a short one of its own, never the one that settles. Locks:
    payment, the year's counters.

    :raises NotFound: there is no such payment.
    """
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    notes = list(payment.credit_notes.order_by("issued_at", "sequence"))
    if not payment.pays_order:
        return notes
    known = {note.refund_id for note in notes}
    if payment.released and None not in known:
        notes.append(_issue(payment, None, notes, now=now))
    back = payment.refunds.filter(state=Refund.State.SUCCEEDED).exclude(
        pk__in=[pk for pk in known if pk is not None]
    )
    for refund in back.order_by("finished_at", "pk"):
        notes.append(_issue(payment, refund, notes, now=now))
    return notes


def _issue(payment: Payment, refund: Refund | None, before: list[CreditNote], *, now: datetime) -> CreditNote:
    receipt = issue_receipt(payment_id=payment.pk, now=now)
    year, sequence, number = number_of(SERIES, now)
    amount = refund.amount if refund else payment.released
    gone = sum(from_text(note.document["total"], payment.currency) for note in before)
    document = {
        "number": number,
        "issued_at": now.isoformat(),
        **_facts(receipt, amount=amount, gone=gone, reason=refund.reason if refund else _NOT_TAKEN),
        "lines": _lines(payment, refund),
    }
    digest, code = seal_of(number, document)
    note = CreditNote.objects.create(
        payment=payment,
        refund=refund,
        number=number,
        series=SERIES,
        year=year,
        sequence=sequence,
        document=document,
        digest=digest,
        code=code,
        issued_at=now,
    )
    # As it will be read from now on: PostgreSQL keeps JSON in an order of its own.
    note.refresh_from_db(fields=["document"])
    return note


def _facts(receipt: Receipt, *, amount: int, gone: int, reason: str) -> dict[str, Any]:
    """
    Return what a credit note shows except its number; the buyer stands on the receipt that it names, and there alone.

    :param gone: what earlier notes of the receipt sum up to, minor units.
    """
    of = receipt.document
    return {
        "language": of["language"],
        "seller": {
            "name": settings.SHOP_NAME,
            "address": settings.SHOP_ADDRESS,
            "vat_id": settings.SHOP_VAT_ID,
        },
        "receipt": {"number": receipt.number, "issued_at": receipt.issued_at.isoformat()},
        "order": of["order"],
        "payment": {"id": of["payment"]["id"], "method": of["payment"]["method"]},
        "reason": reason,
        "prices_include_tax": of["prices_include_tax"],
        "tax_treatment": of["tax_treatment"],
        "tax_lines": _taxes(of, amount=amount, gone=gone),
        "total": to_text(amount, of["currency"]),
        "currency": of["currency"],
    }


def _lines(payment: Payment, refund: Refund | None) -> list[dict[str, Any]]:
    """Return the units that money goes back for, or was never taken for, as they were sold; none for an amount."""
    units: Counter[str] = Counter()
    for row in refund.lines if refund else payment.released_lines:
        units[row["line"]] += row["quantity"]
    if not units:
        return []
    return [
        {**{name: line[name] for name in ("sku", "name", "options")}, "quantity": units[line["id"]]}
        for line in orders.order_json(payment.order_id)["items"]
        if line["id"] in units
    ]


def _taxes(receipt: dict[str, Any], *, amount: int, gone: int) -> list[dict[str, Any]]:
    """
    Return the part of each tax that this much of a receipt's total holds.

    Each is the part up to here less the part before, so that notes over all of a receipt add up to its taxes.
    """
    currency = receipt["currency"]
    whole = from_text(receipt["total"], currency)

    def part(text: str) -> str:
        value = from_text(text, currency)
        upto, before = (rounded(value * sum_, whole) for sum_ in (gone + amount, gone))
        return to_text(upto - before, currency)

    return [
        {**tax, "taxable": part(tax["taxable"]), "amount": part(tax["amount"])}
        for tax in receipt["tax_lines"]
    ]
