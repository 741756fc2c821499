"""What proves a receipt genuine: a code on it that only the shop can make, as text and as a picture to scan."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac
from reportlab.graphics.barcode.qr import QrCodeWidget

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTES = 15
_GROUP = 4


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the hash of a document as it is stored, whatever order its database keeps it in."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def code_for(number: str, digest: str) -> str:
    """Return the code of a document: 120 bits that nobody can make without the shop's key, easy to read out."""
    mac = salted_hmac("payments.proof", f"{number}:{digest}", algorithm="sha256").digest()[:_BYTES]
    return base64.b32encode(mac).decode()


def written(code: str) -> str:
    """Return a code as people read it, in groups of four."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def read(text: str) -> str:
    """Return the code that somebody typed, in whatever groups and case."""
    return "".join(text.split()).replace("-", "").upper()


def proof_url(code: str) -> str:
    """Return the address that says whether a code is genuine."""
    return (
        f"{str(settings.SHOP_URL).rstrip('/')}{reverse('receipt-proof')}?{urlencode({'code': written(code)})}"
    )


def squares(text: str) -> list[list[bool]]:
    """Return a QR code as rows of dark and light squares."""
    widget: Any = QrCodeWidget(text, barLevel="M")
    widget.qr.make()
    return [[bool(square) for square in row] for row in widget.qr.modules]


def picture_path(rows: list[list[bool]]) -> str:
    """Return the dark squares as one path of an SVG, one unit a square."""
    return "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark
    )
