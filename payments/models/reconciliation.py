"""What comparing both ledgers has found."""

from __future__ import annotations

from django.db import models


class Reconciliation(models.Model):
    """
    One comparison of our rows with Stripe's books since a time; ``left_open`` is what somebody must look at.

    ``differences`` are the first few hundred: ``{pi_id, thing, id, kind, here, there, repaired}``.
    """

    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    since = models.DateTimeField()
    # Whether it was asked to repair what it finds.
    fixing = models.BooleanField()
    # How many of Stripe's objects were looked at, by kind.
    looked_at = models.JSONField(default=dict)
    found = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)
    left_open = models.PositiveIntegerField(default=0)
    differences = models.JSONField(default=list)
    # Why it came to no end.
    error = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"#{self.pk} {self.left_open} open"
