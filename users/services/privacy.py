"""What a person may ask of the shop about their data: a copy of all of it, and to be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from shop.audit import services as audit
from shop.core.errors import NotFound
from shop.core.transactions import use_case
from shop.events.outbox import publish
from users import limits, personal, ports
from users.errors import ErasureBlocked
from users.events import UserErased
from users.models import User
from users.services.codes import count_code_try, use_code
from users.services.erasing import erase_account_rows
from users.services.recognition import require_password, wrong_password
from users.versions import raised_version

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.ports import Holding


@dataclass(frozen=True, kw_only=True)
class ErasurePreview:
    """What an erasure would take and what would stay, each with its reason, and what stands in its way."""

    erased: tuple[Holding, ...]
    kept: tuple[Holding, ...]
    blockers: tuple[str, ...]


def preview_erasure(*, user_id: UUID) -> ErasurePreview:
    """
    Tell what erasing a person would do; nothing is changed. Kinds of which there is nothing are left out.

    :raises NotFound: there is no such account, or it was erased.
    """
    user = _living(user_id)
    found = [*personal.holdings(user_id)]
    for part in ports.personal_data.receivers():
        found += part.preview(user_id=user_id)
    some = [holding for holding in found if holding.count]
    return ErasurePreview(
        erased=tuple(holding for holding in some if not holding.kept),
        kept=tuple(holding for holding in some if holding.kept),
        blockers=_blockers(user),
    )


def export_own_data(*, user_id: UUID, now: datetime) -> dict[str, Any]:
    """
    Return everything that the shop holds on somebody, by app; no secret is part of it.

    :raises RateLimited: ten times today already.
    :raises NotFound: the account was erased while the request was under way.
    """
    limits.spend_export(user_id)
    return _everything(user_id, now=now)


def export_data_of(*, actor_id: UUID, user_id: UUID, now: datetime) -> dict[str, Any]:
    """
    Return everything that the shop holds on somebody, for staff who were asked for it; it leaves a record.

    Transaction: its own; call it outside of one.

    :raises NotFound: there is no such account, or it was erased.
    """
    found = _everything(user_id, now=now)
    use_case(audit.record, actor_id=actor_id, action="users.data_exported", target=User(pk=user_id), now=now)
    return found


def erase_own_account(*, user_id: UUID, password: str, otp: str, now: datetime) -> None:
    """
    Erase whoever asks, by the password and by a code where the account has a second factor.

    Transaction: its own; call it outside of one, because checking a password takes long. The rest is as for
    ``erase_account``.

    :raises ValidationFailed: the password is wrong; nothing is written.
    :raises OtpRequired: the code is missing, wrong or used; nothing is written.
    :raises RateLimited: too many tries; nothing is written.
    """
    user = require_password(user_id=user_id, password=password, field="password")
    count_code_try(user_id=user_id, otp=otp)
    use_case(_erase_own, user=user, otp=otp, now=now)


@transaction.atomic
def _erase_own(*, user: User, otp: str, now: datetime) -> None:
    # The hash that was checked is part of the condition, as at sign-in.
    same = User.objects.living().select_for_update(no_key=True).filter(pk=user.pk, password=user.password)
    if same.first() is None:
        raise wrong_password("password")
    use_code(user_id=user.pk, otp=otp, now=now)
    erase_account(user_id=user.pk, actor_id=user.pk, now=now)


@transaction.atomic
def erase_account(*, user_id: UUID, actor_id: UUID, now: datetime) -> None:
    """
    Erase a person in every app, at once: what is personal goes, what has to be kept stays under an id alone.

    Orders that are being placed, payments and sign-ins either come before this and are seen by it, or find no
    account any more.
    Transaction: opens its own. Locks: the account, its carts, its orders. Emits: ``users.user_erased.v1``.

    :param actor_id: who erases: the person, or staff, who have been checked.
    :raises ErasureBlocked: something is still to be done with the person; nothing is written.
    :raises NotFound: there is no such account, or it was erased before.
    """
    user = _locked(user_id)
    blockers = _blockers(user)
    if blockers:
        raise ErasureBlocked(blockers=list(blockers))
    # Before the account: by its address, mail to guest orders of the same person is found.
    for part in ports.personal_data.receivers():
        part.erase(user_id=user_id, actor_id=actor_id, now=now)
    erase_account_rows(user_id=user_id, now=now)
    audit.record(actor_id=actor_id, action="users.erased", target=user, now=now)
    publish(UserErased(user_id=user_id, version=raised_version(user_id)), now=now)


def _locked(user_id: UUID) -> User:
    """
    Lock everything that could still grow, so that what is looked at afterwards is all there is.

    First against other changes of the account, but not against rows that refer to it: placing an order has its cart
    locked and at its commit would wait here, while this waits for the cart. Once carts and orders stand still, against
    those rows too: they are committed before this and seen, or after it, when the account is empty.
    """
    accounts = User.objects.filter(pk=user_id, erased_at__isnull=True)
    if accounts.select_for_update(no_key=True).first() is None:
        raise NotFound
    for part in ports.personal_data.receivers():
        part.lock(user_id=user_id)
    return accounts.select_for_update().get()


def _living(user_id: UUID) -> User:
    user = User.objects.filter(pk=user_id, erased_at__isnull=True).first()
    if user is None:
        raise NotFound
    return user


def _blockers(user: User) -> tuple[str, ...]:
    found = [*personal.blockers(user)]
    for part in ports.personal_data.receivers():
        found += part.blockers(user_id=user.pk)
    # Two apps may say the same of one order.
    return tuple(dict.fromkeys(found))


def _everything(user_id: UUID, *, now: datetime) -> dict[str, Any]:
    user = _living(user_id)
    parts = {app: part.export(user_id=user_id) for app, part in ports.personal_data.items()}
    return {"exported_at": now, "users": personal.export(user), **parts}
