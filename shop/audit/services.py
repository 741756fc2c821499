"""The one way into the record of who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shop.audit.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


def record(*, actor_id: UUID | None, action: str, target: Any, now: datetime, **facts: Any) -> None:
    """
    Write down an act, in the caller's transaction.

    :param actor_id: the user who did it, or None for the shop itself.
    :param action: a past-tense word with its app, ``orders.cancelled``.
    :param target: the model instance it was done to.
    :param facts: ids and values, JSON-ready; never personal data or secrets.
    """
    AuditEntry.objects.create(
        actor_id=actor_id,
        action=action,
        object_type=target._meta.label,
        object_id=str(target.pk),
        facts=facts,
        at=now,
    )


def record_each(
    *, actor_id: UUID | None, action: str, targets: Iterable[Any], now: datetime, **facts: Any
) -> None:
    """
    Write down an act that was done to several, one entry each, in the caller's transaction; one statement.

    :param targets: the model instances it was done to; the rest is as for ``record``.
    """
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor_id=actor_id,
            action=action,
            object_type=target._meta.label,
            object_id=str(target.pk),
            facts=facts,
            at=now,
        )
        for target in targets
    )
