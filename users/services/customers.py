"""Groups of customers who are treated alike, and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, PermissionDenied, ValidationFailed, does_not_exist
from users.errors import CustomerGroupInUse
from users.models import CustomerGroup, GroupMembership, User

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID


@transaction.atomic
def create_customer_group(*, actor_id: UUID, code: str, name: str, now: datetime) -> CustomerGroup:
    """
    Make a group without members and return it.

    Transaction: opens its own.

    :param code: what prices and promotions name it by; it stays as it is.
    :raises ValidationFailed: another group has this code; nothing is written.
    """
    group = CustomerGroup(code=code, name=name)
    try:
        with transaction.atomic():
            group.save(force_insert=True)
    except IntegrityError as error:
        raise ValidationFailed(FieldError("code", "unique", "Another group has this code.")) from error
    audit.record(
        actor_id=actor_id, action="users.customer_group_created", target=group, now=now, code=code, name=name
    )
    return group


@transaction.atomic
def rename_customer_group(*, actor_id: UUID, code: str, name: str, now: datetime) -> CustomerGroup:
    """
    Give a group another name and return it.

    Transaction: opens its own. Locks: the group.

    :raises NotFound: there is no such group.
    """
    group = _locked(code)
    before = group.name
    if name != before:
        CustomerGroup.objects.filter(pk=group.pk).update(name=name)
        group.name = name
        audit.record(
            actor_id=actor_id,
            action="users.customer_group_renamed",
            target=group,
            now=now,
            before=before,
            after=name,
        )
    return group


@transaction.atomic
def delete_customer_group(*, actor_id: UUID, code: str, now: datetime) -> None:
    """
    Remove a group that nobody is in.

    Its members would lose their prices without anybody having said so; take them out first.

    Transaction: opens its own. Locks: the group.

    :raises CustomerGroupInUse: it has members; nothing is written.
    :raises NotFound: there is no such group.
    """
    group = _locked(code)
    members = GroupMembership.objects.filter(group=group).count()
    if members:
        raise CustomerGroupInUse(member_count=members)
    audit.record(
        actor_id=actor_id,
        action="users.customer_group_deleted",
        target=group,
        now=now,
        code=group.code,
        name=group.name,
    )
    group.delete()


@transaction.atomic
def set_customer_groups(*, actor_id: UUID, user_id: UUID, codes: Collection[str], now: datetime) -> None:
    """
    Put somebody into these groups, and out of all others.

    Transaction: opens its own. Locks: the account, the groups.

    :raises ValidationFailed: a group doesn't exist.
    :raises PermissionDenied: it is the actor's own account, or another of the staff's, and the actor is no
        superuser. In each case nothing is written.
    :raises NotFound: there is no such account.
    """
    user = _locked_account(actor_id, user_id)
    wanted = set(codes)
    # Locked, so that none of them is deleted while somebody is put into it.
    groups = list(CustomerGroup.objects.select_for_update().filter(code__in=wanted).order_by("pk"))
    if len(groups) != len(wanted):
        raise does_not_exist("customer_groups")
    here = GroupMembership.objects.filter(user=user)
    before = dict(here.values_list("group__code", "pk"))
    if set(before) == wanted:
        return
    here.filter(pk__in=[key for code, key in before.items() if code not in wanted]).delete()
    GroupMembership.objects.bulk_create(
        [
            GroupMembership(group=group, user=user, added_at=now)
            for group in groups
            if group.code not in before
        ]
    )
    audit.record(
        actor_id=actor_id,
        action="users.customer_groups_changed",
        target=user,
        now=now,
        before=sorted(before),
        after=sorted(wanted),
    )


@transaction.atomic
def change_customer_groups(
    *, actor_id: UUID, user_id: UUID, now: datetime, add: Collection[str] = (), remove: Collection[str] = ()
) -> None:
    """
    Put somebody into some groups and out of some; the others stay as they are.

    Transaction: opens its own. Locks: the account, the groups.

    :raises ValidationFailed: a group doesn't exist.
    :raises PermissionDenied: it is the actor's own account, or another of the staff's, and the actor is no
        superuser. In each case nothing is written.
    :raises NotFound: there is no such account.
    """
    user = _locked_account(actor_id, user_id)
    here = set(GroupMembership.objects.filter(user=user).values_list("group__code", flat=True))
    set_customer_groups(actor_id=actor_id, user_id=user_id, codes=(here | set(add)) - set(remove), now=now)


def _locked(code: str) -> CustomerGroup:
    group = CustomerGroup.objects.select_for_update().filter(code=code).first()
    if group is None:
        raise NotFound
    return group


def _locked_account(actor_id: UUID, user_id: UUID) -> User:
    actor = User.objects.get(pk=actor_id)
    user = User.objects.select_for_update().filter(pk=user_id, erased_at__isnull=True).first()
    if user is None:
        raise NotFound
    # A group can mean better prices: nobody gives them to themselves, nor to a colleague.
    if not actor.is_superuser and (actor.pk == user.pk or user.is_staff or user.is_superuser):
        raise PermissionDenied
    return user
