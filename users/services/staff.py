"""The way into the back office, whose browser sessions are Django's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from shop.core.transactions import use_case
from users.services.codes import count_code_try, use_code
from users.services.recognition import claim, recognised

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.devices import Client
    from users.models import User
    from users.services.recognition import Recognised


@dataclass(frozen=True, kw_only=True)
class StaffSignIn:
    """Who came with the right password; ``mark`` names the second factor that was shown, empty for none."""

    user: User
    mark: str


def sign_in_staff(*, email: str, password: str, otp: str, client: Client, now: datetime) -> StaffSignIn:
    """
    Recognise a member of staff at the door of the back office; without a code they are only half in.

    Transaction: its own; call it outside of one, because checking a password takes long.

    :param otp: a code of the second factor, or empty: it can be shown afterwards by ``show_second_factor``.
    :raises InvalidCredentials: unknown address, wrong password, inactive account or not staff, all after the
        same work; nothing is written.
    :raises OtpRequired: the code is wrong or used (``wrong``); nothing is written.
    :raises RateLimited: too often; nothing is written.
    """
    who = recognised(email=email, password=password, client=client, staff_only=True)
    count_code_try(user_id=who.user.pk, otp=otp)
    mark = use_case(_enter, who=who, otp=otp, now=now)
    return StaffSignIn(user=who.user, mark=mark)


@transaction.atomic
def _enter(*, who: Recognised, otp: str, now: datetime) -> str:
    claim(who, now=now)
    return use_code(user_id=who.user.pk, otp=otp, now=now) if otp.strip() else ""


def show_second_factor(*, user_id: UUID, otp: str, now: datetime) -> str:
    """
    Use a code to complete a sign-in that began with the password, and return the mark of the second factor.

    Transaction: its own; call it outside of one.

    :raises OtpRequired: there is none, or it is wrong or used; nothing is written.
    :raises RateLimited: too often; nothing is written.
    """
    count_code_try(user_id=user_id, otp=otp)
    return use_case(use_code, user_id=user_id, otp=otp, now=now)
