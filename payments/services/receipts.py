"""Issuing receipts: immutable, numbered without gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import selectors as orders
from orders.errors import NotPaid
from payments import proving
from payments.models import Payment, Receipt, ReceiptCounter
from shop.core.errors import NotFound
from shop.core.money import to_text
from shop.core.transactions import require_transaction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

SERIES = "R"


@transaction.atomic
def issue_receipt(*, payment_id: UUID, now: datetime) -> Receipt:
    """
    Return the receipt of a payment, issued now if it wasn't; it never changes afterwards.

    The number is taken in the transaction that writes the receipt, so no number is ever missing; that transaction
    must be a short one of its own and never the one that settles. Locks: payment, the year's counter.

    :raises NotFound: there is no such payment.
    :raises NotPaid: it isn't paid, or its money isn't kept; no number is taken.
    """
    known = Receipt.objects.filter(payment_id=payment_id).first()
    if known is not None:
        return known
    # Of two who come at once, the second waits here and then finds the first one's.
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    # Not while it is only authorized: less may be taken in the end, and a receipt never changes.
    if not payment.pays_order:
        raise NotPaid
    known = Receipt.objects.filter(payment_id=payment_id).first()
    if known is not None:
        return known
    facts = _facts(payment, orders.order_json(payment.order_id))
    year, sequence, number = number_of(SERIES, now)
    document = {"number": number, "issued_at": now.isoformat(), **facts}
    digest, code = seal_of(number, document)
    receipt = Receipt.objects.create(
        payment=payment,
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
    receipt.refresh_from_db(fields=["document"])
    return receipt


def number_of(series: str, now: datetime) -> tuple[int, int, str]:
    """Return the next number of a series with its year and place; the caller's transaction takes it or leaves it."""
    year = timezone.localtime(now).year
    sequence = _next_number(series, year)
    return year, sequence, f"{series}{year}-{sequence:06d}"


def seal_of(number: str, document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the hash of a new document, and the code that proves it genuine from then on."""
    digest = proving.digest_of(document)
    return digest, proving.code_for(number, digest)


def _next_number(series: str, year: int) -> int:
    require_transaction("Taking a receipt's number")
    counter = ReceiptCounter.objects.filter(series=series, year=year)
    if not counter.exists():
        ReceiptCounter.objects.bulk_create([ReceiptCounter(series=series, year=year)], ignore_conflicts=True)
    # The row stays locked until the receipt is committed; a rollback gives the number back.
    counter.update(last=F("last") + 1)
    return counter.values_list("last", flat=True).get()


def _facts(payment: Payment, order: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that a receipt shows except its number: a copy, so that nothing later changes it."""
    amounts = ("subtotal", "discount_total", "shipping_total", "tax_total", "tax_added", "total", "currency")
    return {
        "language": order["language"],
        "seller": {
            "name": settings.SHOP_NAME,
            "address": settings.SHOP_ADDRESS,
            "vat_id": settings.SHOP_VAT_ID,
        },
        "buyer": _buyer(order),
        "order": {"id": order["id"], "number": order["number"], "placed_at": order["placed_at"].isoformat()},
        "payment": {
            "id": str(payment.pk),
            "method": payment.method or payment.provider,
            "brand": payment.brand,
            "last4": payment.last4,
            "amount": to_text(payment.amount, payment.currency),
            "paid_at": payment.succeeded_at.isoformat() if payment.succeeded_at else None,
        },
        "lines": [_line(line) for line in order["items"]],
        "discounts": order["discounts"],
        "prices_include_tax": order["prices_include_tax"],
        "tax_treatment": order["tax_treatment"],
        "tax_lines": order["tax_lines"],
        **{name: order[name] for name in amounts},
    }


def _buyer(order: Mapping[str, Any]) -> dict[str, Any]:
    address = order["billing_address"] or {}
    town = " ".join(filter(None, (address.get("postal_code"), address.get("city"))))
    lines = (address.get("line1"), address.get("line2"), town, address.get("region"), address.get("country"))
    # Without the e-mail address: no law asks for it, and a receipt outlives the erasure of its buyer.
    return {
        "name": address.get("full_name", ""),
        "vat_id": order["vat_id"],
        "company": address.get("company", ""),
        "address_lines": [line for line in lines if line],
    }


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    amounts = ("unit_price", "discount_amount", "tax_rate", "tax_amount", "line_total")
    return {name: line[name] for name in ("sku", "name", "options", "quantity", *amounts)}
