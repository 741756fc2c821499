"""Setting up a second factor, and taking it away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, PermissionDenied, ValidationFailed
from shop.core.transactions import use_case
from shop.events.outbox import publish
from users import limits, second_factor, selectors
from users.errors import TwoFactorNeeded, TwoFactorOn
from users.events import TwoFactorChanged
from users.models import RecoveryCode, Session, TwoFactor, User
from users.services.codes import count_code_try, use_code
from users.services.recognition import require_password, wrong_password
from users.services.sessions import end_sessions
from users.versions import raised_version

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.second_factor import AppSecret


def begin_two_factor(*, user_id: UUID, password: str | None, now: datetime) -> AppSecret:
    """
    Give an account the secret of an authenticator app; it counts once a code of it was shown.

    One that was begun before and not confirmed is replaced.
    Transaction: its own; call it outside of one, because checking a password takes long. Locks: the account.

    :param password: None when it was shown in this browser session a moment ago.
    :raises ValidationFailed: the password is wrong; nothing is written.
    :raises TwoFactorOn: there is a second factor already; nothing is written.
    :raises RateLimited: too many tries; nothing is written.
    """
    user = _owner(user_id, password)
    secret = second_factor.new_secret()
    use_case(_begin, user=user, secret=secret, now=now)
    return second_factor.told_to_app(secret=secret, shop=settings.SHOP_NAME, email=user.email)


@transaction.atomic
def _begin(*, user: User, secret: str, now: datetime) -> None:
    _lock(user)
    if TwoFactor.objects.filter(pk=user.pk, confirmed_at__isnull=False).exists():
        raise TwoFactorOn
    TwoFactor.objects.update_or_create(
        pk=user.pk, defaults={"secret": secret, "created_at": now, "last_step": -1}
    )


def confirm_two_factor(*, user_id: UUID, otp: str, keep: UUID | None, now: datetime) -> list[str]:
    """
    Switch the second factor on by a code of the new app, end the other sessions, and return ten recovery codes.

    Only their hashes are kept, so this is the one time to show them.
    Transaction: its own; call it outside of one. Locks: the account. Emits: ``users.two_factor_changed.v1``.

    :param keep: the session that goes on; None ends all.
    :raises ValidationFailed: the code is wrong; nothing is written.
    :raises TwoFactorOn: it was switched on before; nothing is written.
    :raises NotFound: nobody has begun to set one up; nothing is written.
    :raises RateLimited: too many tries; nothing is written.
    """
    limits.spend_second_factor(user_id)
    return use_case(_confirm, user_id=user_id, otp=otp, keep=keep, now=now)


@transaction.atomic
def _confirm(*, user_id: UUID, otp: str, keep: UUID | None, now: datetime) -> list[str]:
    # Locks the account: a sign-in that is under way either comes before this, and its session ends below, or
    # sees the second factor.
    version = raised_version(user_id)
    row = TwoFactor.objects.select_related("user").filter(pk=user_id).first()
    if row is None:
        raise NotFound
    if row.confirmed_at is not None:
        raise TwoFactorOn
    step = second_factor.step_of(otp, secret=row.secret, after=row.last_step, now=now)
    if step is None:
        raise ValidationFailed(FieldError("otp", "incorrect", "This is not what the app shows now."))
    TwoFactor.objects.filter(pk=row.pk).update(confirmed_at=now, last_step=step)
    codes = _replace_recovery_codes(user_id)
    end_sessions(user_id=user_id, reason=Session.EndReason.TWO_FACTOR_CHANGED, keep=keep, now=now)
    audit.record(actor_id=user_id, action="users.two_factor_on", target=row.user, now=now)
    publish(TwoFactorChanged(user_id=user_id, version=version, enabled=True, by_staff=False), now=now)
    return codes


def renew_recovery_codes(*, user_id: UUID, password: str, otp: str, now: datetime) -> list[str]:
    """
    Replace the recovery codes by ten new ones and return them; the old ones are dead.

    Transaction: its own; call it outside of one, because checking a password takes long. Locks: the account.

    :raises ValidationFailed: the password is wrong; nothing is written.
    :raises NotFound: the account has no second factor; nothing is written.
    :raises OtpRequired: the code is wrong or used; nothing is written.
    :raises RateLimited: too many tries; nothing is written.
    """
    user = _owner(user_id, password)
    count_code_try(user_id=user_id, otp=otp)
    return use_case(_renew, user=user, otp=otp, now=now)


@transaction.atomic
def _renew(*, user: User, otp: str, now: datetime) -> list[str]:
    _lock(user)
    _use(user, otp, now=now)
    audit.record(actor_id=user.pk, action="users.recovery_codes_renewed", target=user, now=now)
    return _replace_recovery_codes(user.pk)


def switch_off_two_factor(*, user_id: UUID, password: str, otp: str, now: datetime) -> None:
    """
    Take the second factor off one's own account.

    Transaction: its own; call it outside of one, because checking a password takes long. Locks: the account.
    Emits: ``users.two_factor_changed.v1``.

    :raises ValidationFailed: the password is wrong; nothing is written.
    :raises TwoFactorNeeded: the shop asks its staff for one; nothing is written.
    :raises NotFound: the account has no second factor; nothing is written.
    :raises OtpRequired: the code is wrong or used; nothing is written.
    :raises RateLimited: too many tries; nothing is written.
    """
    user = _owner(user_id, password)
    if selectors.needs_second_factor(user):
        raise TwoFactorNeeded
    count_code_try(user_id=user_id, otp=otp)
    use_case(_switch_off, user=user, otp=otp, now=now)


@transaction.atomic
def _switch_off(*, user: User, otp: str, now: datetime) -> None:
    _lock(user)
    _use(user, otp, now=now)
    _remove(user.pk, by_staff=False, now=now)
    audit.record(actor_id=user.pk, action="users.two_factor_off", target=user, now=now)


@transaction.atomic
def reset_two_factor(*, actor_id: UUID | None, user_id: UUID, now: datetime) -> None:
    """
    Take the second factor off somebody's account who has lost it, and end the sessions of the account.

    Transaction: opens its own. Locks: the account. Emits: ``users.two_factor_changed.v1``.

    :param actor_id: a superuser; None for whoever may run commands on the shop's machine.
    :raises PermissionDenied: the actor is no superuser; nothing is written.
    :raises NotFound: the account has no second factor; nothing is written.
    """
    if actor_id is not None and not User.objects.living().filter(pk=actor_id, is_superuser=True).exists():
        raise PermissionDenied
    _remove(user_id, by_staff=True, now=now)
    end_sessions(user_id=user_id, reason=Session.EndReason.TWO_FACTOR_CHANGED, now=now)
    audit.record(actor_id=actor_id, action="users.two_factor_reset", target=User(pk=user_id), now=now)


@transaction.atomic
def drop_two_factor(*, user_id: UUID, now: datetime) -> None:
    """
    Take a second factor off an account whose owner has only now shown the address; without one nothing happens.

    Transaction: opens its own. Locks: the account. Emits: ``users.two_factor_changed.v1``.
    """
    if not TwoFactor.objects.filter(pk=user_id).delete()[0]:
        return
    RecoveryCode.objects.filter(user_id=user_id).delete()
    audit.record(actor_id=None, action="users.two_factor_dropped", target=User(pk=user_id), now=now)
    version = raised_version(user_id)
    publish(TwoFactorChanged(user_id=user_id, version=version, enabled=False, by_staff=False), now=now)


def _owner(user_id: UUID, password: str | None) -> User:
    if password is None:
        return User.objects.get(pk=user_id)
    return require_password(user_id=user_id, password=password, field="password")


def _lock(user: User) -> None:
    # The hash that was checked is part of the condition, as at sign-in.
    same = User.objects.living().select_for_update().filter(pk=user.pk, password=user.password)
    if same.first() is None:
        raise wrong_password("password")


def _use(user: User, otp: str, *, now: datetime) -> None:
    if not use_code(user_id=user.pk, otp=otp, now=now):
        raise NotFound


def _remove(user_id: UUID, *, by_staff: bool, now: datetime) -> None:
    version = raised_version(user_id)
    deleted, _ = TwoFactor.objects.filter(pk=user_id, confirmed_at__isnull=False).delete()
    if not deleted:
        raise NotFound
    RecoveryCode.objects.filter(user_id=user_id).delete()
    publish(TwoFactorChanged(user_id=user_id, version=version, enabled=False, by_staff=by_staff), now=now)


def _replace_recovery_codes(user_id: UUID) -> list[str]:
    codes = second_factor.new_recovery_codes()
    RecoveryCode.objects.filter(user_id=user_id).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user_id=user_id, code_hash=second_factor.recovery_hash(code, user_id=user_id) or "")
        for code in codes
    )
    return codes
