"""Changing a password, by who knows the old one or by who reads the account's mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from shop.audit import services as audit
from shop.core.ids import new_id
from shop.core.transactions import use_case
from shop.events.outbox import publish
from users import limits, passwords, tokens
from users.errors import TokenExpired
from users.events import EmailVerified, PasswordResetRequested
from users.models import PasswordResetRequest, Session, User
from users.selectors import user_of_link
from users.services.email_change import withdraw_email_changes
from users.services.recognition import require_password, wrong_password
from users.services.sessions import end_sessions
from users.services.two_factor import drop_two_factor
from users.versions import raised_version

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.devices import Client


def change_password(
    *, user_id: UUID, session_id: UUID | None, old_password: str, new_password: str, now: datetime
) -> None:
    """
    Replace the password and end every other session.

    Transaction: its own; call it outside of one, because hashing takes long.

    :param session_id: the session that goes on; None ends all.
    :raises ValidationFailed: the old password is wrong, or the new one isn't good enough; nothing is written.
    :raises RateLimited: too many tries; nothing is written.
    """
    user = require_password(user_id=user_id, password=old_password, field="old_password")
    passwords.require_good(new_password, user=user, field="new_password")
    changed = use_case(_change, user=user, password=passwords.hashed(new_password), keep=session_id, now=now)
    if not changed:
        raise wrong_password("old_password")


@transaction.atomic
def _change(*, user: User, password: str, keep: UUID | None, now: datetime) -> bool:
    reason = Session.EndReason.PASSWORD_CHANGED
    changed = _replace(user=user, password=password, reason=reason, keep=keep, now=now)
    if changed:
        audit.record(actor_id=user.pk, action="users.password_changed", target=user, now=now)
    return changed


def set_password(*, user_id: UUID, new_password: str, now: datetime) -> None:
    """
    Set the password of an account for whoever may run commands on the shop's machine, and end every session.

    Transaction: its own; call it outside of one, because hashing takes long.

    :raises ValidationFailed: the password isn't good enough; nothing is written.
    """
    user = User.objects.get(pk=user_id)
    passwords.require_good(new_password, user=user, field="new_password")
    use_case(_set, user_id=user_id, password=passwords.hashed(new_password), now=now)


@transaction.atomic
def _set(*, user_id: UUID, password: str, now: datetime) -> None:
    User.objects.filter(pk=user_id).update(password=password)
    password_replaced(actor_id=None, user_id=user_id, now=now)


def request_password_reset(*, email: str, client: Client, now: datetime) -> None:
    """
    Ask for a link that sets a new password; from outside it never shows whether the address is known.

    Transaction: its own; call it outside of one. Emits: ``users.password_reset_requested.v1`` for a living
    account whose address hasn't had its share of mails.

    :raises RateLimited: too often from this client; nothing is written.
    """
    limits.spend_reset_request(client)
    may_mail = limits.may_mail(kind="password_reset", email=email)
    use_case(_request_reset, email=email, may_mail=may_mail, now=now)


@transaction.atomic
def _request_reset(*, email: str, may_mail: bool, now: datetime) -> None:
    user = User.objects.living().with_email(email).first()
    # A row for an unknown address too: without it the missing write would tell by the time of the commit.
    PasswordResetRequest.objects.create(user=user, requested_at=now)
    subject = user.pk if user else new_id()
    with transaction.atomic():
        publish(PasswordResetRequested(user_id=subject, version=raised_version(subject)), now=now)
        if user is None or not may_mail:
            # The same statements ran, for nothing.
            transaction.set_rollback(True)


def reset_password(*, uid: str, token: str, new_password: str, client: Client, now: datetime) -> None:
    """
    Replace the password of whoever holds a mailed link, and end every session.

    The address counts as verified, since the link went there. The first time it does, a second factor goes that
    somebody set up who never showed that the address is theirs.
    Transaction: its own; call it outside of one, because hashing takes long. Emits:
    ``users.email_verified.v1`` when the address wasn't verified before, ``users.two_factor_changed.v1``.

    :raises TokenExpired: the link is too old or was used; nothing is written.
    :raises ValidationFailed: the new password isn't good enough; the link stays good.
    :raises RateLimited: too many links tried from this client; nothing is written.
    """
    limits.spend_mailed_link(client)
    user = user_of_link(uid)
    if user is None or not tokens.password_reset.is_good(user, token, now=now):
        raise TokenExpired
    passwords.require_good(new_password, user=user, field="new_password")
    changed = use_case(_reset, user=user, password=passwords.hashed(new_password), now=now)
    if not changed:
        raise TokenExpired


@transaction.atomic
def password_replaced(*, actor_id: UUID | None, user_id: UUID, now: datetime) -> None:
    """
    End every session of an account whose password an administrator has just set by Django's own form.

    Transaction: opens its own; run it in the form's.

    :param actor_id: who set it; None for whoever may run commands on the shop's machine.
    """
    user = User.objects.get(pk=user_id)
    end_sessions(user_id=user_id, reason=Session.EndReason.PASSWORD_CHANGED, now=now)
    withdraw_email_changes(user_id=user_id, now=now)
    audit.record(actor_id=actor_id, action="users.password_set", target=user, now=now)


@transaction.atomic
def _reset(*, user: User, password: str, now: datetime) -> bool:
    if not _replace(
        user=user, password=password, reason=Session.EndReason.PASSWORD_RESET, keep=None, now=now
    ):
        return False
    if User.objects.filter(pk=user.pk, email_verified_at__isnull=True).update(email_verified_at=now):
        # Until now the account may have been anybody's who typed this address: what they set up is not the owner's.
        # Staff got theirs from an administrator, who asks them for it whatever became of the address.
        if not (user.is_staff or user.is_superuser):
            drop_two_factor(user_id=user.pk, now=now)
        publish(EmailVerified(user_id=user.pk, version=raised_version(user.pk)), now=now)
    return True


@transaction.atomic
def _replace(
    *, user: User, password: str, reason: Session.EndReason, keep: UUID | None, now: datetime
) -> bool:
    # The state that was checked is part of the condition: of two changes at once one wins, the other is refused.
    changed = (
        User.objects.living()
        .filter(pk=user.pk, password=user.password, email=user.email)
        .update(password=password)
    )
    if changed:
        end_sessions(user_id=user.pk, reason=reason, keep=keep, now=now)
        withdraw_email_changes(user_id=user.pk, now=now)
    return bool(changed)


def forget_reset_requests(*, before: datetime) -> int:
    """Delete reset requests made before a time and return how many there were."""
    deleted, _ = PasswordResetRequest.objects.filter(requested_at__lt=before).delete()
    return deleted
