"""Where people are signed in, and the links they ask for."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.core.ids import new_id
from users.models.account import User


class Session(models.Model):
    """
    One sign-in and the family of tokens that came from it.

    ``refresh_jti`` names the one refresh token that lives: moving it is a compare-and-set, so two rotations of one
    token can't both succeed. Access tokens carry the id of this row and die with it.
    """

    class EndReason(models.TextChoices):
        SIGNED_OUT = "signed_out"
        SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
        REVOKED = "revoked"
        TOKEN_REUSED = "token_reused"  # noqa: S105
        PASSWORD_CHANGED = "password_changed"  # noqa: S105
        PASSWORD_RESET = "password_reset"  # noqa: S105
        TWO_FACTOR_CHANGED = "two_factor_changed"
        RIGHTS_CHANGED = "rights_changed"
        DEACTIVATED = "deactivated"
        ERASED = "erased"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    refresh_jti = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=30, choices=EndReason, blank=True, default="")
    # Both shortened before they are stored: enough to recognise a device by, not to track anyone.
    device = models.CharField(max_length=120, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="users_session_end_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["ended_at"], name="users_session_ended"),
            models.Index(fields=["expires_at"], name="users_session_expires"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class PasswordResetRequest(models.Model):
    """
    One asking for a reset link, deleted after a day.

    Written for unknown addresses too: both kinds of request then commit a row and take the same time.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    requested_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"#{self.pk}"
