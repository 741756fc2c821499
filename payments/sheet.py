"""What a receipt or credit note shows, written out in its buyer's language: text alone, without a form yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from payments.wording import WORDS
from shop.core.formats import Writer, is_zero, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class Line:
    """A bought line, written out."""

    name: str
    details: Sequence[str]
    quantity: str
    price: str
    rate: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What every form of a document shows: text alone, in the buyer's language."""

    language: str
    words: Mapping[str, str]
    title: str
    seller_name: str
    facts: Sequence[tuple[str, str]]
    seller: Sequence[str]
    buyer: Sequence[str]
    lines: Sequence[Line]
    totals: Sequence[tuple[str, str]]
    total: str
    taxes: Sequence[tuple[str, str, str, str]]
    notes: Sequence[str]
    total_label: str = ""
    code: str = ""


def receipt_sheet(receipt: Mapping[str, Any], code: str = "") -> Sheet:
    """
    Return a receipt written out.

    :param receipt: the stored facts, JSON-ready; amounts are plain decimals in its currency.
    :param code: what proves it genuine; empty on receipts of before there were any.
    """
    language, words, write = _language_of(receipt)
    currency = str(receipt["currency"])
    number = one_line(receipt["number"])
    return Sheet(
        language=language,
        words=words,
        title=f"{words['receipt']} {number}",
        seller_name=one_line(receipt["seller"]["name"]),
        facts=_facts(receipt, words, write),
        seller=_seller(receipt["seller"], words),
        buyer=_buyer(receipt["buyer"], words),
        lines=[_line(line, currency, words, write) for line in receipt["lines"]],
        totals=_totals(receipt, words, write),
        total=write.amount(receipt["total"], currency),
        taxes=_taxes(receipt, write),
        notes=_notes(receipt, words),
        total_label=words["total"],
        code=code,
    )


def credit_note_sheet(note: Mapping[str, Any], receipt: Mapping[str, Any], code: str = "") -> Sheet:
    """
    Return a credit note written out; its buyer is the one on the receipt that it belongs to.

    :param note: the stored facts, as of a receipt.
    :param receipt: the stored facts of that receipt.
    """
    language, words, write = _language_of(note)
    total = write.amount(note["total"], str(note["currency"]))
    number, of = one_line(note["number"]), one_line(note["receipt"]["number"])
    facts = [
        (words["date"], write.day(note["issued_at"])),
        (words["to_receipt"], of),
        (words["of_day"], write.day(note["receipt"]["issued_at"])),
        (words["order"], one_line(note["order"]["number"])),
    ]
    return Sheet(
        language=language,
        words=words,
        title=f"{words['credit_note']} {number}",
        seller_name=one_line(note["seller"]["name"]),
        facts=facts,
        seller=_seller(note["seller"], words),
        buyer=_buyer(receipt["buyer"], words),
        lines=_given_back(note, total, words, write),
        totals=[],
        total=total,
        taxes=_taxes(note, write),
        notes=_notes(note, words),
        total_label=words["given_back"],
        code=code,
    )


def _language_of(document: Mapping[str, Any]) -> tuple[str, Mapping[str, str], Writer]:
    language = str(document.get("language") or "en").lower()[:2]
    language = language if language in WORDS else "en"
    return language, WORDS[language], Writer(language)


def _taxes(document: Mapping[str, Any], write: Writer) -> list[tuple[str, str, str, str]]:
    currency = str(document["currency"])
    return [
        (
            one_line(tax["name"]),
            write.rate(tax["rate"]),
            write.amount(tax["taxable"], currency),
            write.amount(tax["amount"], currency),
        )
        for tax in document["tax_lines"]
    ]


def _facts(receipt: Mapping[str, Any], words: Mapping[str, str], write: Writer) -> list[tuple[str, str]]:
    order, payment = receipt["order"], receipt["payment"]
    method = str(payment.get("method") or "")
    facts = [
        (words["date"], write.day(receipt["issued_at"])),
        (words["order"], one_line(order["number"])),
        (words["placed"], write.day(order.get("placed_at"))),
        (words["payment"], words.get(method, one_line(method))),
        (words["paid"], write.day(payment.get("paid_at"))),
    ]
    return [(label, value) for label, value in facts if value]


def _seller(seller: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    lines = [one_line(line) for line in str(seller.get("address") or "").splitlines()]
    name = one_line(seller["name"])
    if lines[:1] != [name]:
        lines.insert(0, name)
    if seller.get("vat_id"):
        lines.append(f"{words['vat_id']} {one_line(seller['vat_id'])}")
    return [line for line in lines if line]


def _buyer(buyer: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    written = [
        buyer.get("company"),
        buyer.get("name"),
        *(buyer.get("address_lines") or ()),
        buyer.get("email"),
        f"{words['vat_id']} {buyer['vat_id']}" if buyer.get("vat_id") else "",
    ]
    return list(dict.fromkeys(line for line in map(one_line, written) if line))


def _line(line: Mapping[str, Any], currency: str, words: Mapping[str, str], write: Writer) -> Line:
    details = _named(line, words)
    if not is_zero(line.get("discount_amount")):
        details.append(f"{words['discount']} −{write.amount(line['discount_amount'], currency)}")
    return Line(
        name=one_line(line["name"]),
        details=details,
        quantity=write.number(line["quantity"]),
        price=write.amount(line["unit_price"], currency),
        rate=write.rate(line.get("tax_rate")),
        amount=write.amount(line["line_total"], currency),
    )


def _given_back(note: Mapping[str, Any], total: str, words: Mapping[str, str], write: Writer) -> list[Line]:
    """Return the units that a credit note is for, if it is for any, and why the money went back."""
    # Notes of before they named lines have none.
    units = [
        Line(
            name=one_line(line["name"]),
            details=_named(line, words),
            quantity=write.number(line["quantity"]),
            price="",
            rate="",
            amount="",
        )
        for line in note.get("lines") or ()
    ]
    reason = words.get(f"because_{note['reason']}", words["because_other"])
    details = [f"{words['to_receipt']} {one_line(note['receipt']['number'])}"]
    # What units are worth together is one sum: the shares of discounts in it don't fit a price for each.
    quantity, price = ("", "") if units else ("1", total)
    return [*units, Line(name=reason, details=details, quantity=quantity, price=price, rate="", amount=total)]


def _named(line: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    details = [f"{one_line(name)}: {one_line(value)}" for name, value in (line.get("options") or {}).items()]
    return [*details, f"{words['sku']} {one_line(line['sku'])}"] if line.get("sku") else details


def _totals(receipt: Mapping[str, Any], words: Mapping[str, str], write: Writer) -> list[tuple[str, str]]:
    currency = receipt["currency"]
    totals = [(words["subtotal"], write.amount(receipt["subtotal"], currency))]
    totals += [
        (name, f"−{write.amount(amount, currency)}")
        for name, amount in _discounts(receipt, words)
        if not is_zero(amount)
    ]
    totals.append((words["shipping"], write.amount(receipt["shipping_total"], currency)))
    if not is_zero(receipt["tax_added"]):
        totals.append((words["tax"], write.amount(receipt["tax_added"], currency)))
    return totals


def _discounts(receipt: Mapping[str, Any], words: Mapping[str, str]) -> list[tuple[str, str]]:
    # Receipts of before discounts had names have their sum alone.
    named = [(one_line(one["name"]), one["amount"]) for one in receipt.get("discounts") or ()]
    return named or [(words["discount"], receipt["discount_total"])]


def _notes(receipt: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    notes = [f"{words['reference']}: {one_line(receipt['payment']['id'])}"]
    if receipt["tax_lines"]:
        notes.insert(0, words["included"] if receipt["prices_include_tax"] else words["added"])
    treatment = receipt.get("tax_treatment")
    if treatment in ("export", "reverse_charge"):
        # Why no tax is charged has to be said (article 226 of Directive 2006/112/EC, numbers 11 and 11a).
        notes.insert(0, words[treatment])
    return notes
