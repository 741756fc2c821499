"""The version that orders an account's announcements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from users.models import User

if TYPE_CHECKING:
    from uuid import UUID


def raised_version(user_id: UUID) -> int:
    """
    Raise an account's version in the caller's transaction and return it; 0 when there is no such account.

    The row stays locked until the transaction ends, so no two announcements share a version.
    """
    User.objects.filter(pk=user_id).update(version=F("version") + 1)
    return User.objects.filter(pk=user_id).values_list("version", flat=True).first() or 0
