"""Codes of a second factor: those an authenticator app shows, and those kept on paper. Nothing is stored here."""

from __future__ import annotations

import re
import secrets
from base64 import b32decode, b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from django_otp.oath import TOTP

from shop.core.ids import token_hash

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

SECRET_BYTES = 20
RECOVERY_CODES = 10
# RFC 6238's own, and what every app takes when it is told nothing.
_DIGITS, _SECONDS = 6, 30
# A phone's clock may be off by as much, and a code typed in its last second must still count.
_STEPS_OFF = 1
# Crockford's: 32 characters without I, L, O and U, so ten of them are 50 random bits.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_MISREAD = str.maketrans("ilo", "110")
_APP_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(rf"[{_ALPHABET}]{{10}}")


@dataclass(frozen=True, kw_only=True)
class AppSecret:
    """What an authenticator app is told, once: the secret in base32, and the address in its QR code."""

    secret: str
    address: str


def new_secret() -> str:
    """Return a secret of 160 random bits in base32, as apps take it."""
    return b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def told_to_app(*, secret: str, shop: str, email: str) -> AppSecret:
    """Return a secret with the ``otpauth://`` address that an app reads from a QR code."""
    label = quote(f"{shop}:{email}", safe="@:")
    query = urlencode(
        {"secret": secret, "issuer": shop, "algorithm": "SHA1", "digits": _DIGITS, "period": _SECONDS},
        quote_via=quote,
    )
    return AppSecret(secret=secret, address=f"otpauth://totp/{label}?{query}")


def step_of(code: str, *, secret: str, after: int, now: datetime) -> int | None:
    """
    Return the time step that an app's code is of, or None when it isn't one that counts now.

    :param after: the last step that was used: it and all before it don't count any more.
    """
    typed = "".join(code.split())
    if not _APP_CODE.fullmatch(typed):
        return None
    app = TOTP(b32decode(secret), step=_SECONDS, digits=_DIGITS)
    app.time = now.timestamp()
    return app.t() if app.verify(int(typed), tolerance=_STEPS_OFF, min_t=after + 1) else None


def app_code(secret: str, *, now: datetime) -> str:
    """Return what an app with this secret shows at a time."""
    app = TOTP(b32decode(secret), step=_SECONDS, digits=_DIGITS)
    app.time = now.timestamp()
    return f"{app.token():0{_DIGITS}}"


def new_recovery_codes() -> list[str]:
    """Return ten codes of 50 random bits, written ``xxxxx-xxxxx``."""
    drawn = ("".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES))
    return [f"{code[:5]}-{code[5:]}" for code in drawn]


def recovery_hash(code: str, *, user_id: UUID) -> str | None:
    """
    Return what is stored of a recovery code, or None when it hasn't the form of one.

    Case, dashes and spaces don't matter, nor do letters that are easily misread.
    """
    typed = re.sub(r"[\s-]", "", code).lower().translate(_MISREAD)
    # With the account in it, one calculation can't be tried against everybody's codes.
    return token_hash(f"recovery:{user_id}:{typed}") if _RECOVERY_CODE.fullmatch(typed) else None
