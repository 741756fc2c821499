"""The forms of a receipt. An error is JSON in each of them."""

from __future__ import annotations

from shop.api.renderers import JSONRenderer


class HTMLReceiptRenderer(JSONRenderer):
    """Bytes of a page as they are."""

    media_type = "text/html"
    format = "html"
    charset = "utf-8"  # type: ignore[assignment]


class PDFReceiptRenderer(JSONRenderer):
    """Bytes of a PDF as they are."""

    media_type = "application/pdf"
    format = "pdf"
