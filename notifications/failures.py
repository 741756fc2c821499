"""Reading what a mail server said: worth another try, or never."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from datetime import timedelta

import requests
from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailUnsupportedFeature,
)

from notifications.services import LONGEST_PAUSE
from notifications.smtp import AnswerMissing
from shop.api.logs import redact

# When the server itself is away, the message isn't to blame: look again soon, so that mail flows when it is back.
_SERVER_PAUSE = timedelta(minutes=2)
_LONGEST_REASON = 500
_CLOSING = 421
# HTTP: what a provider answers to one message, while the next may be fine.
_ABOUT_THE_MESSAGE = (400, 406, 413, 422)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """
    Why a message wasn't taken: ``final`` for good, ``broken`` when the connection is of no more use.

    ``unclear``: the server may have taken it, so that each further try may be a duplicate.
    """

    reason: str
    final: bool = False
    broken: bool = False
    unclear: bool = False

    @property
    def longest_pause(self) -> timedelta:
        """How long to wait at most before the next try."""
        return _SERVER_PAUSE if self.broken and not self.unclear else LONGEST_PAUSE


def failure_of(error: Exception) -> Failure:
    """Return what an exception of the mail backend means for the message."""
    if isinstance(error, AnymailError):
        return _by_provider(error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _answered(*next(iter(error.recipients.values())))
    # A refused sign-in, greeting or STARTTLS is about the shop's own settings: no message dies of it.
    about_us = (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError)
    if isinstance(error, smtplib.SMTPResponseException) and not isinstance(error, about_us):
        return _answered(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPException | OSError):
        unclear = isinstance(error, AnswerMissing)
        return Failure(reason=_reason(f"{type(error).__name__}: {error}"), broken=True, unclear=unclear)
    return Failure(reason=_reason(f"{type(error).__name__}: {error}"))


def _by_provider(error: AnymailError) -> Failure:
    # What a provider answers is as often about the account (unpaid, sender unknown) as about the message, and each
    # has its own codes: only what it says of the recipient, or can't carry at all, is for good.
    final = isinstance(error, AnymailRecipientsRefused | AnymailInvalidAddress | AnymailUnsupportedFeature)
    status = error.status_code
    return Failure(
        reason=_reason(f"{type(error).__name__}: {error}"),
        final=final,
        broken=not final and status not in _ABOUT_THE_MESSAGE,
        unclear=isinstance(error, requests.ReadTimeout),
    )


def _answered(code: int, answer: bytes | str) -> Failure:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    reason = _reason(f"{code} {words}")
    # RFC 5321: 5yz is a permanent refusal, everything else may pass the next time; 421 also hangs up.
    return Failure(reason=reason, final=500 <= code <= 599, broken=code == _CLOSING)


def _reason(text: str) -> str:
    # Servers like to repeat the address; it isn't kept.
    return redact(" ".join(text.split()))[:_LONGEST_REASON]
