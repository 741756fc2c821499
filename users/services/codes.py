"""Using a code of the second factor, which works once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from shop.audit import services as audit
from users import limits, second_factor, selectors
from users.errors import OtpRequired
from users.models import RecoveryCode, TwoFactor

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.models import User


def count_code_try(*, user_id: UUID, otp: str) -> None:
    """
    Count a try of a code, before the transaction that uses it; nothing happens without a code or a second factor.

    :raises RateLimited: too often for this account; nothing is written.
    """
    if otp.strip() and TwoFactor.objects.filter(user_id=user_id, confirmed_at__isnull=False).exists():
        limits.spend_second_factor(user_id)


@transaction.atomic
def use_code(*, user_id: UUID, otp: str, now: datetime) -> str:
    """
    Use up a code of the account's second factor; an account without one needs none.

    Call ``count_code_try`` first, outside the transaction. Returns the mark of the second factor (see
    ``selectors.TwoFactorState``), empty without one.
    Transaction: opens its own; run it in that of what the code is asked for, so that both count or neither.

    :param otp: what the app shows, or a recovery code.
    :raises OtpRequired: there is none (``missing``), or it is wrong or used (``wrong``); nothing is written.
    """
    row = TwoFactor.objects.filter(user_id=user_id, confirmed_at__isnull=False).first()
    if row is None:
        return ""
    if not otp.strip():
        raise OtpRequired(reason="missing")
    if not (_step_used(row, otp, now=now) or _recovery_code_used(row, otp, now=now)):
        raise OtpRequired(reason="wrong")
    return selectors.mark_of(row)


@transaction.atomic
def use_code_to_sign_in(*, user: User, otp: str, now: datetime) -> None:
    """
    Use up a code to sign in with; staff who need a second factor and have none don't get in.

    Transaction: opens its own; run it in that of the session, like ``use_code``.

    :raises OtpRequired: as ``use_code``, or staff have to set one up first (``not_set_up``); nothing is written.
    """
    mark = use_code(user_id=user.pk, otp=otp, now=now)
    if not mark and selectors.needs_second_factor(user):
        raise OtpRequired(reason="not_set_up")


def _step_used(row: TwoFactor, otp: str, *, now: datetime) -> bool:
    step = second_factor.step_of(otp, secret=row.secret, after=row.last_step, now=now)
    # One statement both checks and moves the step: of two uses of one code at once, one finds it moved.
    return step is not None and bool(
        TwoFactor.objects.filter(pk=row.pk, secret=row.secret, last_step__lt=step).update(last_step=step)
    )


def _recovery_code_used(row: TwoFactor, otp: str, *, now: datetime) -> bool:
    hashed = second_factor.recovery_hash(otp, user_id=row.user_id)
    if hashed is None:
        return False
    # Whoever deletes the row has used the code; nobody else can.
    deleted, _ = RecoveryCode.objects.filter(user_id=row.user_id, code_hash=hashed).delete()
    if deleted:
        left = RecoveryCode.objects.filter(user_id=row.user_id).count()
        audit.record(
            actor_id=row.user_id, action="users.recovery_code_used", target=row.user, now=now, left=left
        )
    return bool(deleted)
