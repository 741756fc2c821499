"""Reading the record of who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shop.audit.models import AuditEntry

if TYPE_CHECKING:
    from django.db.models import QuerySet


def entries_about(target: Any) -> QuerySet[AuditEntry]:
    """Return what was done to an object, oldest first."""
    return AuditEntry.objects.filter(object_type=target._meta.label, object_id=str(target.pk)).order_by("pk")
