"""Changes of the address that somebody signs in with."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.core.ids import new_id
from users.models.account import User


class EmailChange(models.Model):
    """
    One asking for another address; it comes true when its new address confirms it.

    Events name this row instead of an address: the notice of a change must still reach the old one. A day after
    the change has come true or run out, the row is deleted.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="email_changes")
    old_email = models.EmailField(max_length=254)
    new_email = models.EmailField(max_length=254)
    requested_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # Set on the older ones when another is asked for: only the newest link works.
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(confirmed_at__isnull=True, withdrawn_at__isnull=True),
                name="users_emailchange_one_open",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="users_emailchange_one_end",
            ),
        ]
        indexes = [models.Index(fields=["requested_at"], name="users_emailchange_requested")]

    def __str__(self) -> str:
        return f"#{self.pk}"
