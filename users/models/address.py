"""Address books."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Upper
from django.db.models.lookups import Exact
from django.utils import timezone

from shop.core.ids import new_id
from users.models.account import User


class Address(models.Model):
    """An entry of somebody's address book. Orders copy it, so changing it never changes an order."""

    class Kind(models.TextChoices):
        SHIPPING = "shipping"
        BILLING = "billing"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=10, choices=Kind)
    full_name = models.CharField(max_length=200)
    company = models.CharField(max_length=200, blank=True, default="")
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, blank=True, default="")
    city = models.CharField(max_length=100)
    region = models.CharField(max_length=100, blank=True, default="")
    postal_code = models.CharField(max_length=20, blank=True, default="")
    # ISO 3166-1 alpha-2.
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=30, blank=True, default="")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"], condition=Q(is_default=True), name="users_address_one_default_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["shipping", "billing"]), name="users_address_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(Exact(Length("country"), 2), country=Upper("country")),
                name="users_address_country_is_iso",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
