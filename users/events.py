"""What accounts announce: ids only, never an address or a token."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from shop.events.event import Event


@dataclass(frozen=True, kw_only=True)
class UserRegistered(Event):
    """Somebody opened an account; its address isn't verified yet."""

    type = "users.user_registered.v1"
    key = "user_id"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class RegistrationRepeated(Event):
    """Somebody tried to open an account with the address of this one; only its owner learns of it."""

    type = "users.registration_repeated.v1"
    key = "user_id"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class EmailVerificationRequested(Event):
    """A signed-in owner asked for another verification mail."""

    type = "users.email_verification_requested.v1"
    key = "user_id"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class EmailVerified(Event):
    """The owner has shown that the account's address is theirs."""

    type = "users.email_verified.v1"
    key = "user_id"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordResetRequested(Event):
    """Somebody asked for a link to set a new password; the token is made when the mail is rendered."""

    type = "users.password_reset_requested.v1"
    key = "user_id"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefreshTokenReused(Event):
    """A refresh token came back after it was used: its whole family was ended."""

    type = "users.refresh_token_reused.v1"
    key = "user_id"

    user_id: UUID
    session_id: UUID
