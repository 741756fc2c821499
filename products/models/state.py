"""The catalogue as a whole."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class CatalogueState(models.Model):
    """One row; ``version`` names what caches hold: every edit of the catalogue raises it, stock doesn't."""

    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="products_one_catalogue")]

    def __str__(self) -> str:
        return f"version {self.version}"


class CatalogueImport(models.Model):
    """A file of products that staff have handed in, and what became of it."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    # A path in the default storage; empty once the file is gone.
    file = models.CharField(max_length=200, blank=True, default="")
    name = models.CharField(max_length=200)
    format = models.CharField(max_length=20)
    dry_run = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    rows_done = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # The first errors as [{line, column, reason}], and why it failed as a whole.
    errors = models.JSONField(default=list, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    requested_at = models.DateTimeField()
    # Moves on while somebody works on it.
    alive_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed"]),
                name="products_import_known_state",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"
