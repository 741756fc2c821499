"""What the API itself remembers: the answers given under idempotency keys."""

from __future__ import annotations

from django.db import models


class IdempotencyKey(models.Model):
    """
    A key, whose it is, what was asked under it, and the answer that was given.

    Only answers of success stay: a refused request rolls its row back. Secrets are not in the stored body.
    """

    principal = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(default="")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "key"], name="api_idempotencykey_once_a_principal"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.principal}"
