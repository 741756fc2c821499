"""Secrets that are made and never stored: tokens of a session, and tokens of mailed links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import base36_to_int
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from users.errors import TokenInvalid

if TYPE_CHECKING:
    from datetime import datetime

    from users.models import User

EMAIL_CHANGE_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """What a client gets; ``refresh_jti`` and ``expires_at`` are what the session keeps of it."""

    access: str
    refresh: str
    refresh_jti: str
    expires_at: datetime


@dataclass(frozen=True)
class RefreshClaims:
    """What a genuine refresh token says."""

    session_id: UUID
    jti: str


def issue(*, session_id: UUID, user_id: UUID, now: datetime) -> TokenPair:
    """Return a fresh pair of tokens of a session; nothing is stored."""
    access, refresh = AccessToken(), RefreshToken()
    lifetime: timedelta = api_settings.REFRESH_TOKEN_LIFETIME
    for token in (access, refresh):
        token.set_exp(from_time=now)
        token.set_iat(at_time=now)
        token["sid"] = str(session_id)
        token["user_id"] = str(user_id)
    return TokenPair(
        access=str(access),
        refresh=str(refresh),
        refresh_jti=str(refresh["jti"]),
        expires_at=now + lifetime,
    )


def read_access(text: str) -> UUID:
    """
    Return the id of the session that an access token belongs to.

    :raises TokenInvalid: it is forged, expired, or no access token of this shop.
    """
    return _session_id(_verified(AccessToken, text))


def read_refresh(text: str) -> RefreshClaims:
    """
    Return what a refresh token says.

    :raises TokenInvalid: it is forged, expired, or no refresh token of this shop.
    """
    token = _verified(RefreshToken, text)
    return RefreshClaims(_session_id(token), str(token["jti"]))


def _verified(kind: type[AccessToken | RefreshToken], text: str) -> AccessToken | RefreshToken:
    try:
        # Its annotation asks for a Token, its code for text.
        return kind(text)  # type: ignore[arg-type]
    except TokenError as error:
        raise TokenInvalid from error


def _session_id(token: AccessToken | RefreshToken) -> UUID:
    try:
        return UUID(str(token["sid"]))
    except (KeyError, ValueError) as error:
        raise TokenInvalid from error


class LinkTokens(PasswordResetTokenGenerator):
    """
    Django's generator, bound to one purpose and with a lifetime of its own.

    A token is a keyed hash over the time and the state of the account: whatever changes that state kills it and
    all its siblings.
    """

    purpose: str

    def __init__(self) -> None:
        super().__init__()
        self.key_salt = f"users.tokens.{self.purpose}"

    def make_token(self, user: User) -> str:
        """Return a token that starts to age now."""
        return self.make(user, now=timezone.now())

    def check_token(self, user: User | None, token: str | None) -> bool:
        """Tell whether a token is good now; Django's own views ask in this form."""
        return self.is_good(user, token, now=timezone.now())

    def make(self, user: User, *, now: datetime) -> str:
        """Return a token that starts to age at ``now``."""
        return self._make_token_with_timestamp(user, int(now.timestamp()), self.secret)

    def is_good(self, user: User | None, token: str | None, *, now: datetime) -> bool:
        """Tell whether a token was made for this purpose and state, and is young enough at ``now``."""
        made, dash, _ = (token or "").partition("-")
        if user is None or not dash or token is None:
            return False
        try:
            at = base36_to_int(made)
        except ValueError:
            return False
        secrets = [self.secret, *self.secret_fallbacks]
        genuine = any(
            constant_time_compare(self._make_token_with_timestamp(user, at, secret), token)
            for secret in secrets
        )
        return genuine and int(now.timestamp()) - at <= self.lifetime.total_seconds()

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk}:{timestamp}:{self.state(user)}"

    @property
    def lifetime(self) -> timedelta:
        """How long a token is good."""
        raise NotImplementedError

    def state(self, user: User) -> str:
        """Return what the token is bound to."""
        raise NotImplementedError


class PasswordResetTokens(LinkTokens):
    """Links that set a new password: dead after use, after a sign-in and after a change of address."""

    purpose = "password_reset"

    @property
    def lifetime(self) -> timedelta:
        """One hour, unless the settings say otherwise."""
        return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)

    def state(self, user: User) -> str:
        """Return password, last sign-in and address."""
        signed_in = user.last_login.isoformat() if user.last_login else ""
        return f"{user.password}:{signed_in}:{user.email}"


class EmailVerificationTokens(LinkTokens):
    """Links that verify an address: dead after use and after a change of address."""

    purpose = "email_verification"

    @property
    def lifetime(self) -> timedelta:
        """Three days: this link opens nothing, and people read mail late."""
        return timedelta(days=3)

    def state(self, user: User) -> str:
        """Return the address and when it was verified."""
        verified = user.email_verified_at.isoformat() if user.email_verified_at else ""
        return f"{user.email}:{verified}"


class EmailChangeTokens(LinkTokens):
    """
    The link that confirms one change of address: dead after a change of password and after any change of address.

    Whether it was used or withdrawn stands in the row of the change. Make it at the time of asking, so that it ages
    from there however late the mail goes out.
    """

    purpose = "email_change"

    def __init__(self, *, change_id: UUID, new_email: str) -> None:
        super().__init__()
        self.change_id = change_id
        self.new_email = new_email

    @property
    def lifetime(self) -> timedelta:
        """A day: this link hands the account over."""
        return EMAIL_CHANGE_LIFETIME

    def state(self, user: User) -> str:
        """Return the change, both addresses and the password."""
        return f"{self.change_id}:{user.email}:{self.new_email}:{user.password}"


password_reset = PasswordResetTokens()
email_verification = EmailVerificationTokens()
