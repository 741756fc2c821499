"""The second factor of a sign-in: an authenticator app, and codes for when it is lost."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from users.models.account import User


class TwoFactor(models.Model):
    """
    Somebody's authenticator app (TOTP, RFC 6238); it counts once its owner has shown a code of it.

    ``last_step`` moves by compare-and-set when a code is used, so one code never opens two doors.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="two_factor")
    # Base32. Whoever checks codes has to know it in full, so it can't be kept as a hash.
    secret = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # Of 30 seconds each since 1970; -1 while no code has been used.
    last_step = models.BigIntegerField(default=-1)

    class Meta:
        verbose_name = "second factor"
        constraints = [models.CheckConstraint(condition=~Q(secret=""), name="users_twofactor_has_a_secret")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class RecoveryCode(models.Model):
    """A code that stands in for the app, once. Only its hash is kept; it is deleted when it is used."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "code_hash"], name="users_recoverycode_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
