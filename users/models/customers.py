"""What the shop knows of its customers: the groups they are in, and what they agreed to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from users.models.account import User


class CustomerGroup(models.Model):
    """
    Customers who are treated alike, such as wholesale. Groups of staff and their rights are Django's own.

    ``code`` is what prices and promotions name it by.
    """

    code = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(User, through="GroupMembership", related_name="customer_groups")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="users_customergroup_has_names"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMembership(models.Model):
    """Somebody's being in a group, and since when."""

    group = models.ForeignKey(CustomerGroup, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "group"], name="users_membership_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Consent(models.Model):
    """
    Something that somebody agreed to or took back: what, when, and where from.

    Rows are only ever added; the newest of a purpose says what holds now.
    """

    class Purpose(models.TextChoices):
        TERMS = "terms"
        PRIVACY = "privacy"
        MARKETING = "marketing"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose)
    granted = models.BooleanField()
    # Which text was agreed to, in the words of whoever showed it: "2026-11".
    version = models.CharField(max_length=50, blank=True, default="")
    # Where it was said: "registration", "checkout", "newsletter form".
    source = models.CharField(max_length=100)
    # Shortened like a session's.
    address = models.CharField(max_length=45, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=["terms", "privacy", "marketing"]), name="users_consent_known_purpose"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="users_consent_has_a_source"),
        ]
        indexes = [models.Index(fields=["user", "purpose", "-id"], name="users_consent_newest")]

    def __str__(self) -> str:
        return f"#{self.pk}"
