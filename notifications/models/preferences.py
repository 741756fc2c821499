"""Which mail that isn't about an order or the account itself somebody wants."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class MailPreference(models.Model):
    """
    What a customer said of one kind of mail; without a row they get it, because they asked for what it tells.

    Marketing isn't among the kinds: the law wants proof of that consent, and ``users.Consent`` is the proof.
    """

    class Kind(models.TextChoices):
        BACK_IN_STOCK = "back_in_stock"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    wanted = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="notifications_preference_one_a_kind"),
            models.CheckConstraint(
                condition=Q(kind__in=["back_in_stock"]), name="notifications_preference_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}"
