"""Opening an account and showing that its address is one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from shop.core.transactions import use_case
from shop.events.outbox import publish
from users import limits, passwords, tokens
from users.errors import TokenExpired
from users.events import EmailVerificationRequested, EmailVerified, RegistrationRepeated, UserRegistered
from users.models import User
from users.selectors import user_of_link
from users.services.consents import Said, write_consents
from users.versions import raised_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from users.devices import Client


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a new account says of its owner; ``email`` is a valid address."""

    email: str
    first_name: str = ""
    last_name: str = ""
    language: str = "en"


def register(
    *, profile: Profile, password: str, client: Client, now: datetime, consents: Sequence[Said] = ()
) -> None:
    """
    Open an account, or tell the owner of one with this address by mail; both look alike from outside.

    Transaction: its own; call it outside of one, because hashing takes long. Emits:
    ``users.user_registered.v1`` or ``users.registration_repeated.v1``.

    :param consents: recorded with the account; a stranger's say nothing about the owner of a known address.
    :raises ValidationFailed: the password isn't good enough; nothing is written.
    :raises RateLimited: too often from this client; nothing is written.
    """
    limits.spend_registration(client)
    user = User(
        email=User.objects.normalize_email(profile.email),
        first_name=profile.first_name,
        last_name=profile.last_name,
        language=profile.language,
        date_joined=now,
    )
    passwords.require_good(password, user=user, field="password")
    may_mail = limits.may_mail(kind="registration", email=user.email)
    # Also for a known address: leaving it out there would tell by the time it takes.
    user.password = passwords.hashed(password)
    use_case(
        _open_account,
        user=user,
        consents=consents,
        client=client,
        may_mail=may_mail,
        now=now,
    )


@transaction.atomic
def _open_account(
    *, user: User, consents: Sequence[Said], client: Client, may_mail: bool, now: datetime
) -> None:
    known = User.objects.with_email(user.email).first()
    if known is None:
        try:
            # The savepoint keeps the transaction usable when another registration was faster.
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError:
            known = User.objects.with_email(user.email).get()
        else:
            publish(UserRegistered(user_id=user.pk, version=user.version), now=now)
            if consents:
                write_consents(user_id=user.pk, said=consents, client=client, now=now)
            return
    # Raised even without a mail: both answers then stand behind one write and one commit.
    version = raised_version(known.pk)
    if may_mail and known.is_active:
        publish(RegistrationRepeated(user_id=known.pk, version=version), now=now)
    if consents:
        with transaction.atomic():
            # The same statement runs for nothing: without it, consents would tell a new address from a known one.
            write_consents(user_id=known.pk, said=consents, client=client, now=now)
            transaction.set_rollback(True)


def verify_email(*, uid: str, token: str, client: Client, now: datetime) -> None:
    """
    Take a mailed link as proof that the address belongs to the account's owner.

    Transaction: its own; call it outside of one. Emits: ``users.email_verified.v1``.

    :raises TokenExpired: the link is too old, was used, or is for an address the account no longer has;
        nothing is written.
    :raises RateLimited: too many links tried from this client; nothing is written.
    """
    limits.spend_mailed_link(client)
    user = user_of_link(uid)
    if user is None or not tokens.email_verification.is_good(user, token, now=now):
        raise TokenExpired
    if not use_case(_verify, user=user, now=now):
        raise TokenExpired


@transaction.atomic
def _verify(*, user: User, now: datetime) -> bool:
    # The state that the token was checked against is part of the condition: two uses at once have one winner.
    moved = (
        User.objects.living()
        .filter(pk=user.pk, email=user.email, email_verified_at__isnull=True)
        .update(email_verified_at=now)
    )
    if moved:
        publish(EmailVerified(user_id=user.pk, version=raised_version(user.pk)), now=now)
    return bool(moved)


def request_email_verification(*, user_id: UUID, now: datetime) -> None:
    """
    Ask for another verification mail; nothing happens when the address is verified already.

    Transaction: its own; call it outside of one. Emits: ``users.email_verification_requested.v1``.

    :raises RateLimited: the address had its share of mails; nothing is written.
    """
    user = User.objects.get(pk=user_id)
    if user.email_verified:
        return
    limits.spend_mail(kind="verification", email=user.email)
    use_case(_announce_verification, user_id=user_id, now=now)


@transaction.atomic
def _announce_verification(*, user_id: UUID, now: datetime) -> None:
    publish(EmailVerificationRequested(user_id=user_id, version=raised_version(user_id)), now=now)
