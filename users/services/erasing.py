"""Taking a person out of the tables of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session as BrowserSession
from django.db import transaction

from shop.api import idempotency
from users.models import (
    Address,
    Consent,
    EmailChange,
    GroupMembership,
    PasswordResetRequest,
    RecoveryCode,
    Session,
    TwoFactor,
    User,
)
from users.personal import browser_sessions_of, log_about
from users.services.sessions import end_sessions

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_DELETED = (
    Address,
    Consent,
    EmailChange,
    GroupMembership,
    PasswordResetRequest,
    RecoveryCode,
    TwoFactor,
)


@transaction.atomic
def erase_account_rows(*, user_id: UUID, now: datetime) -> None:
    """
    Empty an account and end everything that opens it; its address is free for somebody else.

    Transaction: opens its own; its caller has locked the account. Locks: its sessions.
    """
    end_sessions(user_id=user_id, reason=Session.EndReason.ERASED, now=now)
    Session.objects.filter(user_id=user_id).update(device="", address="")
    BrowserSession.objects.filter(pk__in=browser_sessions_of(user_id)).delete()
    for model in _DELETED:
        model._default_manager.filter(user_id=user_id).delete()
    log_about(user_id).update(object_repr=f"#{user_id}")
    idempotency.forget_keys_of([f"user:{user_id}"])
    user = User(pk=user_id)
    user.groups.clear()
    user.user_permissions.clear()
    User.objects.filter(pk=user_id).update(
        # A domain that never exists (RFC 2606).
        email=f"erased-{user_id}@erased.invalid",
        first_name="",
        last_name="",
        password=make_password(None),
        is_active=False,
        email_verified_at=None,
        last_login=None,
        external_id=None,
        metadata={},
        erased_at=now,
    )
