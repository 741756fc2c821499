"""Who did what to which object."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One act of staff or of the shop itself. Rows are only ever added."""

    # A plain id and not a foreign key: the record outlives the account.
    actor_id = models.UUIDField(null=True)
    action = models.CharField(max_length=100)
    object_type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_entry_object")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.action} {self.object_type} {self.object_id}"
