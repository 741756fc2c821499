"""Receipts and credit notes as PDF and HTML, out of what they show. Nothing here reads the database or the network."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.units import mm
from reportlab.platypus import Image, Paragraph, Spacer, Table

from payments.logo import logo, logo_as_link
from payments.proving import picture_path, proof_url, squares, written
from payments.sheet import receipt_sheet
from shop.core.paper import GREEN, INK, LINE, WIDTH, pdf_of, table_style, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from payments.sheet import Sheet

_LAST_SUMS = 8
_SQUARE: dict[str, Any] = {"fillColor": INK, "strokeColor": None}
_WHOLE = ("NOSPLIT", (0, 0), (-1, -1))


def receipt_pdf(receipt: Mapping[str, Any], code: str = "") -> bytes:
    """Return a receipt as a PDF; its facts and code as for ``receipt_sheet``."""
    return as_pdf(receipt_sheet(receipt, code))


def receipt_html(receipt: Mapping[str, Any], code: str = "") -> str:
    """Return a receipt as a page; its facts and code as for ``receipt_sheet``."""
    return as_html(receipt_sheet(receipt, code))


def as_pdf(sheet: Sheet) -> bytes:
    """Return a document as a PDF; the same facts always give the same bytes."""
    return pdf_of(
        _story(sheet),
        title=sheet.title,
        author=sheet.seller_name,
        language=sheet.language,
        page=sheet.words["page"],
    )


def as_html(sheet: Sheet) -> str:
    """Return a document as a page that needs nothing else and prints well."""
    proof = None
    if sheet.code:
        url = proof_url(sheet.code)
        rows = squares(url)
        proof = {"url": url, "code": written(sheet.code), "path": picture_path(rows), "space": len(rows) + 4}
    return render_to_string("payments/receipt.html", {"sheet": sheet, "logo": logo_as_link(), "proof": proof})


def _story(sheet: Sheet) -> list[Any]:
    heading = Table(
        [[_sign(sheet), text(sheet.title, 16, right=True, grey=True)]],
        colWidths=[WIDTH * 0.5, WIDTH * 0.5],
        style=table_style(
            ("LINEBELOW", (0, 0), (-1, 0), 1.5, GREEN), ("BOTTOMPADDING", (0, 0), (-1, -1), 10)
        ),
    )
    notes = Table(
        [[text(note, 8, grey=True)] for note in sheet.notes], colWidths=[WIDTH], style=table_style()
    )
    parts = [heading, _parties(sheet), _bought(sheet), _summed(sheet), *_taxed(sheet), notes, *_proof(sheet)]
    return [flowable for part in parts for flowable in (part, Spacer(0, 7 * mm))]


def _sign(sheet: Sheet) -> Any:
    """Return the shop's logo, or its name."""
    image = logo()
    if image is None:
        return text(sheet.seller_name, 16, bold=True)
    picture = Image(BytesIO(image), width=WIDTH * 0.4, height=16 * mm, kind="proportional")
    picture.hAlign = "LEFT"
    return picture


def _proof(sheet: Sheet) -> list[Any]:
    """Return what proves the document genuine: a picture to scan and the same as text."""
    if not sheet.code:
        return []
    url, side = proof_url(sheet.code), 24 * mm
    rows = squares(url)
    picture = Drawing(side, side)
    step = side / len(rows)
    for y, row in enumerate(rows):
        for x, is_dark in enumerate(row):
            if is_dark:
                square = Rect(x * step, side - (y + 1) * step, step, step, **_SQUARE)
                picture.add(square)
    said = [
        text(sheet.words["proof"], 8, grey=True),
        text(written(sheet.code), 9, bold=True),
        text(url.partition("?")[0], 8, grey=True),
    ]
    middle = ("VALIGN", (0, 0), (-1, -1), "MIDDLE")
    return [Table([[picture, said]], colWidths=[30 * mm, WIDTH - 30 * mm], style=table_style(middle, _WHOLE))]


def _parties(sheet: Sheet) -> Table:
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


def _bought(sheet: Sheet) -> Table:
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


def _summed(sheet: Sheet) -> Table:
    rows = [["", text(label), text(value, right=True)] for label, value in sheet.totals]
    total = (text(sheet.total_label, 12, bold=True), text(sheet.total, 12, bold=True, right=True))
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


def _taxed(sheet: Sheet) -> list[Any]:
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
