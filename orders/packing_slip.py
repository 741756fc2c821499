"""The slip in a parcel as a PDF, in the order's language and without prices: it may be a present."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import override, pgettext
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from shop.core.formats import Writer, one_line
from shop.core.paper import GREEN, INK, LINE, WIDTH, pdf_of, table_style, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orders.selectors.slips import Slip, SlipLine


def packing_slip_pdf(slip: Slip) -> bytes:
    """Return the slip of a parcel; the same facts always give the same bytes."""
    known = slip.language if slip.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with override(known):
        title = f"{pgettext('slip', 'Packing slip')} {slip.number}-{slip.position}"
        return pdf_of(
            _story(slip, title, Writer(known)),
            title=title,
            author=settings.SHOP_NAME,
            language=known,
            page=pgettext("slip", "Page"),
        )


def _story(slip: Slip, title: str, write: Writer) -> list[Any]:
    heading = Table(
        [[text(settings.SHOP_NAME, 16, bold=True), text(title, 13, right=True, grey=True)]],
        colWidths=[WIDTH * 0.42, WIDTH * 0.58],
        style=table_style(
            ("LINEBELOW", (0, 0), (-1, 0), 1.5, GREEN),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 10),
            ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
        ),
    )
    parts: list[Any] = [
        heading,
        _parties(slip, write),
        _goods(pgettext("slip", "In this parcel"), slip.packed, "packed", write),
    ]
    if slip.to_come:
        parts.append(_goods(pgettext("slip", "Still to come"), slip.to_come, "to_come", write))
    else:
        parts.append(text(pgettext("slip", "With this parcel your order is complete."), grey=True))
    return [flowable for part in parts for flowable in (part, Spacer(0, 8 * mm))]


def _parties(slip: Slip, write: Writer) -> Table:
    to = [text(line, 10.5) for line in write.address(slip.address)]
    sender = [line for line in map(one_line, settings.SHOP_ADDRESS.splitlines()) if line]
    facts = [
        (pgettext("slip", "Order"), slip.number),
        (pgettext("slip", "Ordered on"), write.day(slip.placed_at)),
        (pgettext("slip", "Sent on"), write.day(slip.shipped_at)),
        (pgettext("slip", "Carrier"), one_line(slip.carrier)),
        (pgettext("slip", "Tracking number"), one_line(slip.tracking_number)),
    ]
    table = Table(
        [[text(label, 8.5, grey=True), text(value, 8.5, right=True)] for label, value in facts if value],
        colWidths=[WIDTH * 0.17, WIDTH * 0.25],
        style=table_style(("BOTTOMPADDING", (0, 0), (-1, -1), 2)),
    )
    # The white that a reader needs on both sides is there: the column's own.
    code = Code128(slip.number, barHeight=12 * mm, barWidth=0.33 * mm, quiet=0)
    code.hAlign = "LEFT"
    return Table(
        [
            [
                [text(pgettext("slip", "Goes to"), 8, grey=True, bold=True), *to],
                [
                    text(pgettext("slip", "From"), 8, grey=True, bold=True),
                    *(text(line, 8.5) for line in sender),
                ],
                [table, Spacer(0, 4 * mm), code],
            ]
        ],
        colWidths=[WIDTH * 0.34, WIDTH * 0.24, WIDTH * 0.42],
        style=table_style(("RIGHTPADDING", (0, 0), (1, 0), 10)),
    )


def _goods(title: str, lines: Sequence[SlipLine], which: str, write: Writer) -> Table:
    head = (text(title, 8, grey=True, bold=True), text(pgettext("slip", "SKU"), 8, grey=True, bold=True))
    rows: list[list[Any]] = [
        [*head, text(pgettext("slip", "Quantity"), 8, grey=True, bold=True, right=True)],
    ]
    for line in lines:
        options = [
            text(f"{one_line(name)}: {one_line(value)}", 8, grey=True) for name, value in line.options.items()
        ]
        units = write.number(getattr(line, which))
        rows.append(
            [
                [text(one_line(line.name), bold=True), *options],
                text(one_line(line.sku)),
                text(units, 11, bold=True, right=True),
            ]
        )
    return Table(
        rows,
        colWidths=[WIDTH * share for share in (0.58, 0.27, 0.15)],
        repeatRows=1,
        # A row that is higher than a page goes on on the next one.
        splitInRow=1,
        style=table_style(
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
            ("LINEBELOW", (0, 1), (-1, -1), 0.5, LINE),
            ("TOPPADDING", (0, 1), (-1, -1), 7),
            ("RIGHTPADDING", (0, 0), (1, -1), 8),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
        ),
    )
