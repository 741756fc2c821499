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


@dataclass(frozen=True, kw_only=True)
class UnfamiliarSignIn(Event):
    """Somebody signed in with a kind of device, or from a network, that this account wasn't signed in from before."""

    type = "users.unfamiliar_sign_in.v1"
    key = "user_id"

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class EmailChangeRequested(Event):
    """Somebody signed in asked for another address; the row of the change holds the old one and the new one."""

    type = "users.email_change_requested.v1"
    key = "user_id"

    user_id: UUID
    change_id: UUID


@dataclass(frozen=True, kw_only=True)
class EmailChanged(Event):
    """The new address was confirmed and is the account's from now on; the row of the change holds the old one."""

    type = "users.email_changed.v1"
    key = "user_id"

    user_id: UUID
    change_id: UUID


@dataclass(frozen=True, kw_only=True)
class TwoFactorChanged(Event):
    """The second factor was switched on, off, or reset by staff."""

    type = "users.two_factor_changed.v1"
    key = "user_id"

    user_id: UUID
    enabled: bool
    by_staff: bool


@dataclass(frozen=True, kw_only=True)
class UserErased(Event):
    """Nothing personal is left of the account; what remains of it is its id."""

    type = "users.user_erased.v1"
    key = "user_id"

    user_id: UUID
