"""Reads of what the shop knows of its customers; the public way to them is ``users.selectors``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from users.models import Consent, CustomerGroup, GroupMembership

if TYPE_CHECKING:
    from uuid import UUID

    from users.models import UserQuerySet


def customer_groups() -> QuerySet[CustomerGroup]:
    """Return the groups, each with ``member_count``, counted only for those that are read."""
    members = GroupMembership.objects.filter(group=OuterRef("pk")).order_by().values("group")
    count = Subquery(members.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    return CustomerGroup.objects.annotate(member_count=Coalesce(count, 0))


def groups_of(user: Any) -> QuerySet[GroupMembership]:
    """Return the memberships of somebody, for a query in which ``user`` is their id."""
    return GroupMembership.objects.filter(user=user).order_by("pk")


def group_codes_of(user_id: UUID) -> frozenset[str]:
    """Return the codes of the groups that somebody is in; one statement."""
    return frozenset(CustomerGroup.objects.filter(memberships__user=user_id).values_list("code", flat=True))


def in_customer_group(accounts: UserQuerySet, code: str) -> UserQuerySet:
    """Keep the members of a group; one that doesn't exist has none."""
    return accounts.filter(memberships__group__code=code)


def consents_of(user_id: UUID) -> QuerySet[Consent]:
    """Return everything that somebody agreed to and took back."""
    return Consent.objects.filter(user_id=user_id)


def current_consents(consents: QuerySet[Consent]) -> QuerySet[Consent]:
    """Keep the newest of each purpose: what holds now, of one person."""
    newest = consents.order_by().values("purpose").annotate(newest=Max("pk")).values("newest")
    return consents.filter(pk__in=newest)


def newest_consent(user_id: UUID, purpose: str) -> Consent | None:
    """Return what somebody said last of a purpose; one statement."""
    return consents_of(user_id).filter(purpose=purpose).order_by("-pk").first()


def has_consent(user_id: UUID, purpose: str) -> bool:
    """Tell whether somebody agrees to a purpose now: said so, and hasn't taken it back; one statement."""
    newest = newest_consent(user_id, purpose)
    return newest is not None and newest.granted
