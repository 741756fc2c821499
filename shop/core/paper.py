"""Documents on paper: the page, the fonts and the styles that all of them share. Nothing here reads anything."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, TableStyle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportlab.pdfgen.canvas import Canvas

_FONTS = Path(__file__).resolve().parent / "fonts"
_REGULAR, _BOLD = "ShopSans", "ShopSans-Bold"
INK, GREY, LINE, GREEN = (colors.HexColor(code) for code in ("#1d2b24", "#5d6b63", "#d9d5ca", "#2f6b4d"))
_MARGIN = 20 * mm
WIDTH = A4[0] - 2 * _MARGIN
# Without the clock and chance in it, the same facts have the same bytes.
_SIDES: dict[str, Any] = {"leftMargin": _MARGIN, "rightMargin": _MARGIN, "topMargin": _MARGIN}
_PAGE: dict[str, Any] = {"pagesize": A4, **_SIDES, "invariant": 1}

# Scripts that the embedded font doesn't have are left to fonts that every PDF reader brings along.
_BORROWED = (
    (re.compile("[\u3040-\u30ff]"), "HeiseiKakuGo-W5"),
    (re.compile("[\uac00-\ud7a3\u1100-\u11ff]"), "HYSMyeongJo-Medium"),
    (re.compile("[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"), "STSong-Light"),
)


def pdf_of(story: Sequence[Any], *, title: str, author: str, language: str, page: str) -> bytes:
    """
    Return a document of A4 pages as a PDF; the same story always gives the same bytes.

    :param story: what stands in it, flowable by flowable; texts are those of ``text``.
    :param title: stands in the foot of each page too.
    :param page: the word before a page's number.
    """
    _load_fonts()
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer, title=title, author=author, lang=language, displayDocTitle=1, **_PAGE
    )

    def footer(canvas: Canvas, at: SimpleDocTemplate) -> None:
        canvas.setFont(_REGULAR, 8)
        canvas.setFillColor(GREY)
        canvas.drawString(_MARGIN, 13 * mm, title)
        canvas.drawRightString(A4[0] - _MARGIN, 13 * mm, f"{page} {at.page}")

    document.build(list(story), onFirstPage=footer, onLaterPages=footer)
    return buffer.getvalue()


def text(
    said: str, size: float = 9, *, bold: bool = False, grey: bool = False, right: bool = False
) -> Paragraph:
    """Return a paragraph of plain text; no markup in it counts."""
    _load_fonts()
    font, colour = _BOLD if bold else _REGULAR, GREY if grey else INK
    style = ParagraphStyle("text", fontName=font, fontSize=size, leading=size * 1.42, textColor=colour)
    style.alignment = TA_RIGHT if right else TA_LEFT
    return Paragraph(_markup(said), style)


def table_style(*commands: tuple[Any, ...]) -> TableStyle:
    """Return the style of a table without padding, its cells at their top, with these commands."""
    sides = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
    bare = [(side, (0, 0), (-1, -1), 0) for side in sides]
    return TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *bare, *commands])


@cache
def _load_fonts() -> None:
    pdfmetrics.registerFont(TTFont(_REGULAR, _FONTS / "DejaVuSansCondensed.ttf"))
    pdfmetrics.registerFont(TTFont(_BOLD, _FONTS / "DejaVuSansCondensed-Bold.ttf"))
    for _, name in _BORROWED:
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def _markup(said: str) -> str:
    # Escaped first: a paragraph's markup could otherwise load files and pages.
    marked = escape(said)
    for script, font in _BORROWED:
        marked = re.sub(f"{script.pattern}+", rf'<font name="{font}">\g<0></font>', marked)
    return marked
