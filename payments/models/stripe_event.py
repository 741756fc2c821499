"""What Stripe told us."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class StripeEvent(models.Model):
    """
    A webhook, stored before anything else is done with it, at most once.

    It is a hint that something has happened to ``object_id``, so only what is needed to ask is kept: no snapshot,
    hence no secret. ``processed_at`` commits together with what it made happen. ``ignored`` says why nothing did.
    """

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(max_length=100)
    livemode = models.BooleanField()
    api_version = models.CharField(max_length=50, blank=True, default="")
    # What the event is about, and the intent that this belongs to; empty where there is none.
    object_id = models.CharField(max_length=255, blank=True, default="")
    pi_id = models.CharField(max_length=64, blank=True, default="")
    # The connected account that it is about; ours has none.
    account = models.CharField(max_length=64, blank=True, default="")
    created = models.DateTimeField()
    received_at = models.DateTimeField(db_index=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    ignored = models.CharField(max_length=50, blank=True, default="")
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(processed_at__isnull=False, next_attempt_at__isnull=True)
                | Q(processed_at__isnull=True, next_attempt_at__isnull=False),
                name="payments_stripeevent_due_until_processed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(processed_at__isnull=True), name="payments_event_due"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.type}"
