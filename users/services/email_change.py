"""Moving an account to another address: asked for with the password, true when the new address confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q

from shop.audit import services as audit
from shop.core.transactions import use_case
from shop.events.outbox import publish
from users import limits, tokens
from users.errors import TokenExpired
from users.events import EmailChanged, EmailChangeRequested, EmailVerified
from users.models import EmailChange, User
from users.selectors import email_change_of_link
from users.services.codes import count_code_try, use_code
from users.services.recognition import require_password, wrong_password
from users.versions import raised_version

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.devices import Client


def request_email_change(*, user_id: UUID, email: str, password: str, now: datetime, otp: str = "") -> None:
    """
    Ask for another address. Nothing shows whether it has an account: nobody looks before the mail is written.

    The present address goes on until the new one is confirmed, and is told at once. An older change that wasn't
    confirmed is withdrawn. Asking for the present address does nothing. An address that had its share of mails gets
    none: then a change to it that is open already stays open, and one to a third address is withdrawn.
    Transaction: two of its own; call it outside of one, because checking a password takes long. Locks: the account.
    Emits: ``users.email_change_requested.v1``.

    :param email: a valid address.
    :param otp: a code of the second factor, where the account has one.
    :raises ValidationFailed: the password is wrong; nothing is written.
    :raises OtpRequired: there is a second factor, and the code is missing, wrong or used; nothing is written.
    :raises RateLimited: too often for this account; nothing is written.
    """
    user = require_password(user_id=user_id, password=password, field="password")
    count_code_try(user_id=user_id, otp=otp)
    # Before a mail is counted: a code mistyped at first would leave the second try without one.
    use_case(use_code, user_id=user_id, otp=otp, now=now)
    address = User.objects.normalize_email(email)
    if address.lower() == user.email.lower():
        return
    limits.spend_email_change(user.email)
    may_mail = limits.may_mail(kind="email_change", email=address)
    use_case(_ask, user=user, address=address, may_mail=may_mail, now=now)


@transaction.atomic
def _ask(*, user: User, address: str, may_mail: bool, now: datetime) -> None:
    # Locks the account, so that of two askings at once the second withdraws the first.
    version = raised_version(user.pk)
    same = User.objects.living().filter(pk=user.pk, password=user.password, email=user.email)
    if not same.exists():
        raise wrong_password("password")
    older = EmailChange.objects.filter(_OPEN, user=user)
    if not may_mail:
        # The link that was mailed a moment ago stays good: a double click must not kill it.
        older.exclude(new_email=address).update(withdrawn_at=now)
        return
    older.update(withdrawn_at=now)
    change = EmailChange.objects.create(user=user, old_email=user.email, new_email=address, requested_at=now)
    publish(EmailChangeRequested(user_id=user.pk, version=version, change_id=change.pk), now=now)


def confirm_email_change(*, uid: str, token: str, client: Client, now: datetime) -> None:
    """
    Make a change of address true for whoever reads the mail of the new one; it counts as verified.

    Transaction: its own; call it outside of one. Locks: the account. Emits: ``users.email_changed.v1`` and
    ``users.email_verified.v1``.

    :raises TokenExpired: the link is too old, was used or withdrawn, password or address were changed since, or
        the new address has got an account meanwhile; nothing is written.
    :raises RateLimited: too many links tried from this client; nothing is written.
    """
    limits.spend_mailed_link(client)
    change = email_change_of_link(uid)
    if change is None or not _is_good(change, token, now=now):
        raise TokenExpired
    use_case(_confirm, change=change, now=now)


def _is_good(change: EmailChange, token: str, *, now: datetime) -> bool:
    generator = tokens.EmailChangeTokens(change_id=change.pk, new_email=change.new_email)
    return generator.is_good(change.user, token, now=now)


@transaction.atomic
def _confirm(*, change: EmailChange, now: datetime) -> None:
    user = change.user
    # The state that the token was checked against is part of both conditions: of many uses at once one wins.
    same = User.objects.living().filter(pk=user.pk, password=user.password, email=change.old_email)
    try:
        moved = same.update(email=change.new_email, email_verified_at=now)
    except IntegrityError as error:
        # Somebody opened an account with this address after the link was mailed, or just now.
        raise TokenExpired from error
    if not moved or not EmailChange.objects.filter(_OPEN, pk=change.pk).update(confirmed_at=now):
        raise TokenExpired
    audit.record(actor_id=user.pk, action="users.email_changed", target=user, now=now, change=str(change.pk))
    publish(EmailChanged(user_id=user.pk, version=raised_version(user.pk), change_id=change.pk), now=now)
    publish(EmailVerified(user_id=user.pk, version=raised_version(user.pk)), now=now)


def withdraw_email_changes(*, user_id: UUID, now: datetime) -> None:
    """
    Withdraw an account's unconfirmed change, in the caller's transaction: the password that asked is no more.

    The link dies by its token too, but a mail that is written only now would carry a fresh one.
    """
    EmailChange.objects.filter(_OPEN, user_id=user_id).update(withdrawn_at=now)


def forget_email_changes(*, before: datetime) -> int:
    """
    Delete changes that ended or ran out before a time and return how many there were.

    Call it with a time more than a day ago: until then a notice may still wait for its mail server.
    """
    ended = Q(confirmed_at__lt=before) | Q(withdrawn_at__lt=before)
    ran_out = Q(requested_at__lt=before - tokens.EMAIL_CHANGE_LIFETIME)
    deleted, _ = EmailChange.objects.filter(ended | (_OPEN & ran_out)).delete()
    return deleted


_OPEN = Q(confirmed_at__isnull=True, withdrawn_at__isnull=True)
