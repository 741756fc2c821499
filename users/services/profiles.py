"""What an account says of its owner, and what staff may change about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, PermissionDenied, ValidationFailed, does_not_exist
from shop.events.outbox import publish
from users.events import UserRegistered
from users.models import Session, User
from users.services.customers import set_customer_groups
from users.services.sessions import end_sessions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from users.services.registration import Profile

_PROFILE = frozenset({"first_name", "last_name", "language"})
_FLAGS = frozenset({"is_staff", "is_superuser"})
_RIGHTS = _FLAGS | {"groups"}
_RIGHTS_IN_ADMIN = _RIGHTS | {"user_permissions"}


@transaction.atomic
def update_profile(*, user_id: UUID, changes: Mapping[str, str]) -> User:
    """
    Change names and language of somebody's own account and return it.

    Transaction: opens its own.

    :param changes: any of ``first_name``, ``last_name`` and ``language``.
    :raises NotFound: it was erased while the request was under way.
    """
    values = {name: value for name, value in changes.items() if name in _PROFILE}
    here = User.objects.filter(pk=user_id, erased_at__isnull=True)
    if values:
        here.update(**values)
    user = here.first()
    if user is None:
        raise NotFound
    return user


@transaction.atomic
def create_account(*, actor_id: UUID, profile: Profile, now: datetime) -> User:
    """
    Open an account on somebody's behalf and return it; its owner sets the password by a reset link.

    Transaction: opens its own. Emits: ``users.user_registered.v1``.

    :raises ValidationFailed: the address has an account already; nothing is written.
    """
    user = User(
        email=User.objects.normalize_email(profile.email),
        first_name=profile.first_name,
        last_name=profile.last_name,
        language=profile.language,
        date_joined=now,
    )
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise ValidationFailed(
            FieldError("email", "unique", "This address has an account already.")
        ) from error
    account_opened(actor_id=actor_id, user_id=user.pk, now=now)
    return user


@transaction.atomic
def account_opened(*, actor_id: UUID, user_id: UUID, now: datetime) -> None:
    """
    Do what a new account by the admin form entails: its owner is told, and it leaves a record.

    Transaction: opens its own; run it in the form's. Emits: ``users.user_registered.v1``.
    """
    user = User.objects.get(pk=user_id)
    publish(UserRegistered(user_id=user.pk, version=user.version), now=now)
    audit.record(actor_id=actor_id, action="users.account_created", target=user, now=now)


@transaction.atomic
def change_account(*, actor_id: UUID, user_id: UUID, changes: Mapping[str, Any], now: datetime) -> User:
    """
    Change an account as staff and return it: names, language, being active, groups, and as a superuser its rights.

    Changed rights end the account's sessions, and so does shutting it.
    Transaction: opens its own. Locks: the account.

    :param changes: any of the profile, ``is_active``, ``customer_groups`` (codes), ``is_staff``, ``is_superuser``
        and ``groups`` (names).
    :raises PermissionDenied: the account is staff's, or rights or the actor's own customer groups would change, and
        the actor is no superuser; nothing is written.
    :raises ValidationFailed: a group doesn't exist; nothing is written.
    :raises NotFound: there is no such account.
    """
    actor, user = _actor_and_target(actor_id, user_id)
    rights = {name: changes[name] for name in _RIGHTS & set(changes)}
    if rights and not actor.is_superuser:
        raise PermissionDenied
    values = {name: changes[name] for name in (_PROFILE | {"is_active"}) & set(changes)}
    altered = sorted(name for name, value in values.items() if getattr(user, name) != value)
    if altered:
        User.objects.filter(pk=user_id).update(**values)
        audit.record(actor_id=actor_id, action="users.account_changed", target=user, now=now, fields=altered)
    _change_rights(user, rights, actor_id=actor_id, now=now)
    if "customer_groups" in changes:
        set_customer_groups(actor_id=actor_id, user_id=user_id, codes=changes["customer_groups"], now=now)
    if changes.get("is_active") is False:
        end_sessions(user_id=user_id, reason=Session.EndReason.DEACTIVATED, now=now)
    user.refresh_from_db()
    return user


@transaction.atomic
def deactivate_account(*, actor_id: UUID, user_id: UUID, now: datetime) -> None:
    """
    Shut an account: nobody signs in to it, and every session ends. Its orders stay.

    Transaction: opens its own. Locks: the account.

    :raises PermissionDenied: the account is staff's and the actor is no superuser; nothing is written.
    :raises NotFound: there is no such account.
    """
    change_account(actor_id=actor_id, user_id=user_id, changes={"is_active": False}, now=now)


@transaction.atomic
def account_edited(*, actor_id: UUID, user_id: UUID, fields: Sequence[str], now: datetime) -> None:
    """
    Do what a change of an account by the admin form entails.

    It leaves a record, and ends the sessions of an account that was shut or whose rights changed.
    Transaction: opens its own; run it in the form's.

    :param fields: the names of what was changed.
    """
    user = User.objects.get(pk=user_id)
    rights = sorted(_RIGHTS_IN_ADMIN & set(fields))
    if rights:
        after = {name: getattr(user, name) for name in sorted(_FLAGS & set(fields))}
        audit.record(
            actor_id=actor_id, action="users.rights_changed", target=user, now=now, fields=rights, after=after
        )
        end_sessions(user_id=user_id, reason=Session.EndReason.RIGHTS_CHANGED, now=now)
    rest = sorted(set(fields) - set(rights))
    if rest:
        audit.record(actor_id=actor_id, action="users.account_changed", target=user, now=now, fields=rest)
    if not user.is_active:
        end_sessions(user_id=user_id, reason=Session.EndReason.DEACTIVATED, now=now)


def require_may_change(actor: User, target: User) -> None:
    """
    Refuse to let staff touch the accounts of staff: setting their password would be taking their rights.

    :raises PermissionDenied: the target is staff's, not the actor's own, and the actor is no superuser.
    """
    privileged = target.is_staff or target.is_superuser
    if privileged and actor.pk != target.pk and not actor.is_superuser:
        raise PermissionDenied


def _actor_and_target(actor_id: UUID, user_id: UUID) -> tuple[User, User]:
    actor = User.objects.get(pk=actor_id)
    user = User.objects.select_for_update().filter(pk=user_id, erased_at__isnull=True).first()
    if user is None:
        raise NotFound
    require_may_change(actor, user)
    return actor, user


def _change_rights(user: User, rights: Mapping[str, Any], *, actor_id: UUID, now: datetime) -> None:
    before = {name: getattr(user, name) for name in sorted(_FLAGS & set(rights))}
    if "groups" in rights:
        before["groups"] = sorted(user.groups.values_list("name", flat=True))
    after = {name: sorted(set(value)) if name == "groups" else value for name, value in rights.items()}
    if before == after:
        return
    flags = {name: after[name] for name in _FLAGS & set(after)}
    if flags:
        User.objects.filter(pk=user.pk).update(**flags)
    if "groups" in after:
        groups = list(Group.objects.filter(name__in=after["groups"]))
        if len(groups) != len(after["groups"]):
            raise does_not_exist("groups")
        user.groups.set(groups)
    audit.record(
        actor_id=actor_id, action="users.rights_changed", target=user, now=now, before=before, after=after
    )
    # Whoever takes rights away means now, and whoever is given them shows the second factor that they ask for.
    end_sessions(user_id=user.pk, reason=Session.EndReason.RIGHTS_CHANGED, now=now)
