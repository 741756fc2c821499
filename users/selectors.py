"""Every read of accounts that is more than a look-up by key."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from shop.core.ids import token_hash
from users import tokens
from users.addresses import PostalAddress
from users.customers import (
    consents_of,
    current_consents,
    customer_groups,
    group_codes_of,
    groups_of,
    has_consent,
    in_customer_group,
)
from users.models import Address, EmailChange, Session, TwoFactor, User
from users.second_factor import told_to_app

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from users.models import UserQuerySet
    from users.second_factor import AppSecret

__all__ = [
    "EmailChangeFacts",
    "LinkParts",
    "PostalAddress",
    "Recipient",
    "SessionFacts",
    "TwoFactorState",
    "account_at",
    "account_exists",
    "accounts_for",
    "address_of",
    "addresses_of",
    "consents_of",
    "current_consents",
    "customer_groups",
    "email_change",
    "email_change_of_link",
    "email_change_parts",
    "group_codes_of",
    "groups_of",
    "has_consent",
    "in_customer_group",
    "living_session",
    "living_sessions_of",
    "mark_of",
    "matching",
    "needs_second_factor",
    "own_addresses",
    "recipient",
    "reset_link_parts",
    "session_facts",
    "two_factor_begun",
    "two_factor_state",
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


@dataclass(frozen=True, kw_only=True)
class EmailChangeFacts:
    """A change of address as it stands, with its account, which may act; both are of the same moment."""

    id: UUID
    account: User
    old_email: str
    new_email: str
    requested_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    # Neither confirmed, withdrawn nor run out, and the account still has the old address.
    pending: bool


@dataclass(frozen=True, kw_only=True)
class SessionFacts:
    """What is known of a sign-in, shortened as it is stored."""

    user_id: UUID
    device: str
    network: str
    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class TwoFactorState:
    """
    Somebody's second factor as it is now.

    ``mark`` names this very set-up and is empty while there is none: a browser session that keeps it shows which
    second factor it was opened with.
    """

    enabled: bool
    recovery_codes_left: int
    required: bool
    mark: str


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


def account_at(email: str, *, besides: UUID) -> User | None:
    """Return the account that has this address in any case, also an inactive one; ``besides`` doesn't count."""
    return User.objects.with_email(email).exclude(pk=besides).first()


def accounts_for(viewer: User) -> UserQuerySet:
    """Return the accounts this viewer may see: staff with ``users.view_user`` all, others their own."""
    accounts = User.objects.filter(erased_at__isnull=True).prefetch_related("customer_groups")
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


def session_facts(session_id: UUID) -> SessionFacts | None:
    """Return what is known of a session, also of an ended one; None when it was forgotten."""
    session = Session.objects.filter(pk=session_id).first()
    if session is None:
        return None
    return SessionFacts(
        user_id=session.user_id,
        device=session.device,
        network=session.address,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        ended_at=session.ended_at,
    )


def needs_second_factor(user: User) -> bool:
    """Tell whether the shop asks this account for a second factor, whether or not it has one."""
    return bool(settings.STAFF_TWO_FACTOR and (user.is_staff or user.is_superuser))


def two_factor_state(user: User) -> TwoFactorState:
    """Return whether the account has a second factor and needs one; a set-up that isn't confirmed is none."""
    row = (
        TwoFactor.objects.filter(user_id=user.pk, confirmed_at__isnull=False)
        .annotate(codes=Count("user__recovery_codes"))
        .first()
    )
    return TwoFactorState(
        enabled=row is not None,
        recovery_codes_left=row.codes if row is not None else 0,
        required=needs_second_factor(user),
        mark=mark_of(row) if row is not None else "",
    )


def two_factor_begun(user: User, *, secret_hash: str) -> AppSecret | None:
    """
    Return the secret of a set-up that isn't confirmed yet, to whoever began it; None when there is none.

    :param secret_hash: ``token_hash`` of the secret: it shows that this is who was given it.
    """
    row = TwoFactor.objects.filter(pk=user.pk, confirmed_at__isnull=True).first()
    if row is None or not constant_time_compare(token_hash(row.secret), secret_hash):
        return None
    return told_to_app(secret=row.secret, shop=settings.SHOP_NAME, email=user.email)


def mark_of(row: TwoFactor) -> str:
    """Return what tells this set-up from an earlier or later one of the account, and tells nothing else."""
    return str(row.created_at.timestamp())


def addresses_of(user_id: UUID, kind: str) -> QuerySet[Address]:
    """Return one half of somebody's address book."""
    return Address.objects.filter(user_id=user_id, kind=kind)


def address_of(user_id: UUID, address_id: UUID, kind: str | None = None) -> PostalAddress | None:
    """Return an address out of somebody's own book, of any kind unless one is named; None when it isn't theirs."""
    found = Address.objects.filter(user_id=user_id, pk=address_id)
    if kind is not None:
        found = found.filter(kind=kind)
    values = found.values(*_OF_AN_ADDRESS).first()
    return PostalAddress(**values) if values is not None else None


def own_addresses(user_id: UUID, address_ids: Collection[UUID]) -> dict[UUID, PostalAddress]:
    """Return those of these addresses that are in somebody's own book, in one statement, or none for none."""
    if not address_ids:
        return {}
    rows = Address.objects.filter(user_id=user_id, pk__in=address_ids).values("pk", *_OF_AN_ADDRESS)
    return {row.pop("pk"): PostalAddress(**row) for row in rows}


_OF_AN_ADDRESS = tuple(field.name for field in dataclasses.fields(PostalAddress))


def reset_link_parts(user: User, *, now: datetime) -> LinkParts:
    """Make the end of a link to set a new password; call it while rendering the mail and store it nowhere."""
    return LinkParts(uid=_uid(user.pk), token=tokens.password_reset.make(user, now=now))


def verification_link_parts(user: User, *, now: datetime) -> LinkParts:
    """Make the end of a link to verify the address; call it while rendering the mail and store it nowhere."""
    return LinkParts(uid=_uid(user.pk), token=tokens.email_verification.make(user, now=now))


def email_change_parts(change: EmailChangeFacts) -> LinkParts:
    """
    Make the end of the link that confirms a change; call it while rendering the mail and store it nowhere.

    It names the change and not the account: who gets it may be a stranger whose address was mistyped. It is as old
    as the change, whenever the mail is written.
    """
    generator = tokens.EmailChangeTokens(change_id=change.id, new_email=change.new_email)
    return LinkParts(uid=_uid(change.id), token=generator.make(change.account, now=change.requested_at))


def email_change(change_id: UUID, *, now: datetime) -> EmailChangeFacts | None:
    """Return a change of address; None when it was forgotten or its account is inactive or erased."""
    change = _email_change(change_id)
    if change is None:
        return None
    expires_at = change.requested_at + tokens.EMAIL_CHANGE_LIFETIME
    ended = change.confirmed_at is not None or change.withdrawn_at is not None
    return EmailChangeFacts(
        id=change.pk,
        account=change.user,
        old_email=change.old_email,
        new_email=change.new_email,
        requested_at=change.requested_at,
        expires_at=expires_at,
        confirmed_at=change.confirmed_at,
        pending=not ended and now < expires_at and change.user.email == change.old_email,
    )


def email_change_of_link(uid: str) -> EmailChange | None:
    """Return the change that a mailed link names, with its account; None unless the account may act."""
    change_id = _id_in(uid)
    return None if change_id is None else _email_change(change_id)


def user_of_link(uid: str) -> User | None:
    """Return the living account that a mailed link names, or None."""
    user_id = _id_in(uid)
    return None if user_id is None else User.objects.living().filter(pk=user_id).first()


def _email_change(change_id: UUID) -> EmailChange | None:
    # One statement: row and account are of the same moment.
    return (
        EmailChange.objects.select_related("user")
        .filter(pk=change_id, user__is_active=True, user__erased_at__isnull=True)
        .first()
    )


def _id_in(uid: str) -> UUID | None:
    try:
        return UUID(urlsafe_base64_decode(uid).decode("ascii"))
    except (ValueError, ValidationError):
        return None


def _uid(row_id: UUID) -> str:
    # The form that Django's own reset views read.
    return urlsafe_base64_encode(force_bytes(str(row_id)))
