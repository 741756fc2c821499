"""Recognising who signs in, the same way at every door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop.core.errors import FieldError, ValidationFailed
from users import limits, passwords
from users.errors import InvalidCredentials
from users.models import User

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.devices import Client


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """An account whose password was shown; ``rehashed`` is set when the stored hash is weaker than today's."""

    user: User
    rehashed: str | None


def recognised(*, email: str, password: str, client: Client, staff_only: bool = False) -> Recognised:
    """
    Return the account of an address and its password, after the same work for known and unknown ones.

    Call it outside of a transaction, because checking a password takes long.

    :raises InvalidCredentials: unknown address, wrong password, an inactive account, or one that isn't staff's
        where only staff come in.
    :raises RateLimited: too often.
    """
    limits.spend_sign_in(email=email, client=client)
    user = User.objects.with_email(email).first()
    outcome = passwords.checked(password, user.password if user else None)
    if user is None or not outcome.correct or not user.is_active or (staff_only and not user.is_staff):
        raise InvalidCredentials
    return Recognised(user=user, rehashed=outcome.rehashed)


def claim(who: Recognised, *, now: datetime) -> None:
    """
    Note the sign-in on the account, in the caller's transaction; its row stays locked until that ends.

    :raises InvalidCredentials: the password has been changed meanwhile, or the account may not act any more.
    """
    # The hash that was checked is part of the condition: a password changed meanwhile opens nothing, and one
    # changed from here on waits for this row and then ends the new session too.
    claimed = (
        User.objects.living()
        .filter(pk=who.user.pk, password=who.user.password)
        .update(last_login=now, password=who.rehashed or who.user.password)
    )
    if not claimed:
        raise InvalidCredentials


def require_password(*, user_id: UUID, password: str, field: str) -> User:
    """
    Return the account of somebody signed in who has shown the password once more.

    Call it outside of a transaction, because checking a password takes long; what follows should make
    ``user.password`` part of its condition.

    :param field: the field of the request that is named in the refusal.
    :raises ValidationFailed: the password is wrong.
    :raises RateLimited: too many tries.
    """
    limits.spend_password_change(user_id)
    user = User.objects.get(pk=user_id)
    if not passwords.checked(password, user.password).correct:
        raise wrong_password(field)
    return user


def wrong_password(field: str) -> ValidationFailed:
    """Return the refusal of a password that isn't the account's."""
    return ValidationFailed(FieldError(field, "incorrect", "This is not your password."))
