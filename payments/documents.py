"""The receipt as a document: PDF and HTML out of the stored facts. Nothing here reads the database or the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, Spacer, Table

from payments.wording import WORDS
from shop.core.formats import Writer, is_zero, one_line
from shop.core.paper import GREEN, INK, LINE, WIDTH, pdf_of, table_style, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LAST_SUMS = 8


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A bought line, written out."""

    name: str
    details: Sequence[str]
    quantity: str
    price: str
    rate: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """What both forms of a receipt show: text alone, in the buyer's language."""

    language: str
    words: Mapping[str, str]
    title: str
    seller_name: str
    facts: Sequence[tuple[str, str]]
    seller: Sequence[str]
    buyer: Sequence[str]
    lines: Sequence[_Line]
    totals: Sequence[tuple[str, str]]
    total: str
    taxes: Sequence[tuple[str, str, str, str]]
    notes: Sequence[str]


def receipt_pdf(receipt: Mapping[str, Any]) -> bytes:
    """
    Return the receipt as a PDF; the same facts always give the same bytes.

    :param receipt: the stored facts, JSON-ready; amounts are plain decimals in its currency.
    """
    sheet = _sheet(receipt)
    return pdf_of(
        _story(sheet),
        title=sheet.title,
        author=sheet.seller_name,
        language=sheet.language,
        page=sheet.words["page"],
    )


def receipt_html(receipt: Mapping[str, Any]) -> str:
    """
    Return the receipt as a page that needs nothing else and prints well.

    :param receipt: as for ``receipt_pdf``.
    """
    return render_to_string("payments/receipt.html", {"sheet": _sheet(receipt)})


def _sheet(receipt: Mapping[str, Any]) -> _Sheet:
    language = str(receipt.get("language") or "en").lower()[:2]
    language = language if language in WORDS else "en"
    words, write, currency = WORDS[language], Writer(language), str(receipt["currency"])
    number = one_line(receipt["number"])
    return _Sheet(
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
        taxes=[
            (
                one_line(tax["name"]),
                write.rate(tax["rate"]),
                write.amount(tax["taxable"], currency),
                write.amount(tax["amount"], currency),
            )
            for tax in receipt["tax_lines"]
        ],
        notes=_notes(receipt, words),
    )


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


def _line(line: Mapping[str, Any], currency: str, words: Mapping[str, str], write: Writer) -> _Line:
    details = [f"{one_line(name)}: {one_line(value)}" for name, value in (line.get("options") or {}).items()]
    if line.get("sku"):
        details.append(f"{words['sku']} {one_line(line['sku'])}")
    if not is_zero(line.get("discount_amount")):
        details.append(f"{words['discount']} −{write.amount(line['discount_amount'], currency)}")
    return _Line(
        name=one_line(line["name"]),
        details=details,
        quantity=write.number(line["quantity"]),
        price=write.amount(line["unit_price"], currency),
        rate=write.rate(line.get("tax_rate")),
        amount=write.amount(line["line_total"], currency),
    )


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


def _story(sheet: _Sheet) -> list[Any]:
    heading = Table(
        [[text(sheet.seller_name, 16, bold=True), text(sheet.title, 16, right=True, grey=True)]],
        colWidths=[WIDTH * 0.5, WIDTH * 0.5],
        style=table_style(
            ("LINEBELOW", (0, 0), (-1, 0), 1.5, GREEN), ("BOTTOMPADDING", (0, 0), (-1, -1), 10)
        ),
    )
    notes = Table(
        [[text(note, 8, grey=True)] for note in sheet.notes], colWidths=[WIDTH], style=table_style()
    )
    parts = [heading, _parties(sheet), _bought(sheet), _summed(sheet), *_taxed(sheet), notes]
    return [flowable for part in parts for flowable in (part, Spacer(0, 7 * mm))]


def _parties(sheet: _Sheet) -> Table:
    def block(title: str, lines: Sequence[str]) -> list[Paragraph]:
        return [text(title, 8, grey=True, bold=True), *(text(line) for line in lines)]

    facts = Table(
        [[text(label, 8.5, grey=True), text(value, 8.5, right=True)] for label, value in sheet.facts],
        colWidths=[WIDTH * 0.15, WIDTH * 0.25],
        style=table_style(("BOTTOMPADDING", (0, 0), (-1, -1), 2)),
    )
    return Table(
        [[block(sheet.words["buyer"], sheet.buyer), block(sheet.words["seller"], sheet.seller), facts]],
        colWidths=[WIDTH * 0.3, WIDTH * 0.3, WIDTH * 0.4],
        style=table_style(("RIGHTPADDING", (0, 0), (1, 0), 10)),
    )


def _bought(sheet: _Sheet) -> Table:
    words = sheet.words
    columns = (words["quantity"], words["price"], words["rate"], words["amount"])
    rows: list[list[Any]] = [
        [text(words["item"], 8, grey=True, bold=True)]
        + [text(column, 8, grey=True, bold=True, right=True) for column in columns]
    ]
    for line in sheet.lines:
        item = [text(line.name, bold=True), *(text(detail, 8, grey=True) for detail in line.details)]
        values = (line.quantity, line.price, line.rate, line.amount)
        rows.append([item, *(text(value, right=True) for value in values)])
    return Table(
        rows,
        colWidths=[WIDTH * share for share in (0.46, 0.09, 0.17, 0.1, 0.18)],
        repeatRows=1,
        # A row that is higher than a page goes on on the next one.
        splitInRow=1,
        style=table_style(
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
            ("LINEBELOW", (0, 1), (-1, -1), 0.5, LINE),
            ("TOPPADDING", (0, 1), (-1, -1), 7),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
        ),
    )


def _summed(sheet: _Sheet) -> Table:
    rows = [["", text(label), text(value, right=True)] for label, value in sheet.totals]
    total = (text(sheet.words["total"], 12, bold=True), text(sheet.total, 12, bold=True, right=True))
    rows.append(["", *total])
    return Table(
        rows,
        colWidths=[WIDTH * 0.52, WIDTH * 0.24, WIDTH * 0.24],
        style=table_style(
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ("LINEABOVE", (1, -1), (-1, -1), 1, INK),
            ("TOPPADDING", (0, -1), (-1, -1), 6),
            # A total is never torn from what it sums up last; many discounts may take more than a page.
            ("NOSPLIT", (0, max(-len(rows), -_LAST_SUMS)), (-1, -1)),
        ),
    )


def _taxed(sheet: _Sheet) -> list[Any]:
    if not sheet.taxes:
        return []
    words = sheet.words
    head = (words["tax"], words["percent"], words["taxable"], words["tax_amount"])
    rows = [[text(title, 8, grey=True, bold=True, right=index > 0) for index, title in enumerate(head)]]
    rows += [[text(cell, 8.5, right=index > 0) for index, cell in enumerate(tax)] for tax in sheet.taxes]
    return [
        Table(
            rows,
            colWidths=[WIDTH * share for share in (0.34, 0.16, 0.25, 0.25)],
            repeatRows=1,
            style=table_style(
                ("LINEBELOW", (0, 0), (-1, 0), 0.5, LINE),
                ("TOPPADDING", (0, 1), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ),
        )
    ]
