"""Every read of accounts that is more than a look-up by key."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from users import tokens
from users.addresses import PostalAddress
from users.models import Address, Session, User

if TYPE_CHECKING:
    from datetime import datetime

    from users.models import UserQuerySet

__all__ = [
    "LinkParts",
    "PostalAddress",
    "Recipient",
    "account_exists",
    "accounts_for",
    "address_of",
    "addresses_of",
    "living_session",
    "living_sessions_of",
    "matching",
    "recipient",
    "reset_link_parts",
    "user_by_id",
    "user_of_link",
    "verification_link_parts",
]

_MAX_TERMS = 8


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whom a mail goes to, read when it is sent."""

    email: str
    name: str
    language: str
    verified: bool


@dataclass(frozen=True, kw_only=True)
class LinkParts:
    """What a mailed link ends in."""

    uid: str
    token: str


def user_by_id(user_id: UUID) -> User | None:
    """Return the account, also an inactive one, or None."""
    return User.objects.filter(pk=user_id).first()


def recipient(user_id: UUID) -> Recipient | None:
    """Return whom a mail to this account goes to; None when it is inactive, erased or gone."""
    user = User.objects.living().filter(pk=user_id).first()
    if user is None:
        return None
    return Recipient(
        email=user.email, name=user.get_full_name(), language=user.language, verified=user.email_verified
    )


def accounts_for(viewer: User) -> UserQuerySet:
    """Return the accounts this viewer may see: staff with ``users.view_user`` all, others their own."""
    accounts = User.objects.filter(erased_at__isnull=True)
    if viewer.is_staff and viewer.has_perm("users.view_user"):
        return accounts
    return accounts.filter(pk=viewer.pk)


def account_exists(user_id: UUID) -> bool:
    """Tell whether there is such an account that hasn't been erased."""
    return User.objects.filter(pk=user_id, erased_at__isnull=True).exists()


def matching(accounts: UserQuerySet, text: str) -> UserQuerySet:
    """Keep accounts in whose address or names every word of the text occurs; at most eight words count."""
    for word in text.split()[:_MAX_TERMS]:
        accounts = accounts.filter(
            Q(email__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
        )
    return accounts


def living_session(session_id: UUID, *, now: datetime) -> Session | None:
    """Return a session that hasn't ended, with its user, who may act; one statement."""
    return (
        Session.objects.select_related("user")
        .filter(
            pk=session_id,
            ended_at__isnull=True,
            expires_at__gt=now,
            user__is_active=True,
            user__erased_at__isnull=True,
        )
        .first()
    )


def living_sessions_of(user_id: UUID, *, now: datetime) -> QuerySet[Session]:
    """Return where somebody is signed in."""
    return Session.objects.filter(user_id=user_id, ended_at__isnull=True, expires_at__gt=now)


def addresses_of(user_id: UUID, kind: str) -> QuerySet[Address]:
    """Return one half of somebody's address book."""
    return Address.objects.filter(user_id=user_id, kind=kind)


def address_of(user_id: UUID, address_id: UUID, kind: str | None = None) -> PostalAddress | None:
    """Return an address out of somebody's own book, of any kind unless one is named; None when it isn't theirs."""
    found = Address.objects.filter(user_id=user_id, pk=address_id)
    if kind is not None:
        found = found.filter(kind=kind)
    values = found.values(*(field.name for field in dataclasses.fields(PostalAddress))).first()
    return PostalAddress(**values) if values is not None else None


def reset_link_parts(user: User, *, now: datetime) -> LinkParts:
    """Make the end of a link to set a new password; call it while rendering the mail and store it nowhere."""
    return LinkParts(uid=_uid(user), token=tokens.password_reset.make(user, now=now))


def verification_link_parts(user: User, *, now: datetime) -> LinkParts:
    """Make the end of a link to verify the address; call it while rendering the mail and store it nowhere."""
    return LinkParts(uid=_uid(user), token=tokens.email_verification.make(user, now=now))


def user_of_link(uid: str) -> User | None:
    """Return the living account that a mailed link names, or None."""
    try:
        user_id = UUID(urlsafe_base64_decode(uid).decode("ascii"))
    except (ValueError, ValidationError):
        return None
    return User.objects.living().filter(pk=user_id).first()


def _uid(user: User) -> str:
    # The form that Django's own reset views read.
    return urlsafe_base64_encode(force_bytes(str(user.pk)))
