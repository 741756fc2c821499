"""How things are sent, where to, and for how much."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ShippingZone(models.Model):
    """Places that cost the same to send to: its areas. ``position`` decides between zones that fit alike."""

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class ZoneArea(models.Model):
    """
    A country of a zone, or a part of it.

    ``region`` is compared in any case; in ``postal_pattern`` a ``*`` stands for anything, a ``?`` for one letter or
    digit, and ``35000-35999`` is a range. Empty ones fit any.
    """

    zone = models.ForeignKey(ShippingZone, on_delete=models.CASCADE, related_name="areas")
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=100, blank=True, default="")
    postal_pattern = models.CharField(max_length=41, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "country", "region", "postal_pattern"], name="cart_zonearea_once"
            ),
        ]
        indexes = [models.Index(fields=["country", "zone"], name="cart_zonearea_by_country")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.country} {self.region} {self.postal_pattern}".rstrip()


class ShippingMethod(models.Model):
    """A way to send things; what it costs depends on where they go, and by ``basis`` on how much it is."""

    class Basis(models.TextChoices):
        """What the table of its rates is about; each row counts from its ``threshold`` on."""

        FLAT = "flat"
        WEIGHT = "weight"
        SUBTOTAL = "subtotal"

    code = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    basis = models.CharField(max_length=10, choices=Basis.choices, default=Basis.FLAT)
    # In grams; what is heavier can't be sent this way.
    max_weight = models.PositiveIntegerField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(basis__in=["flat", "weight", "subtotal"]), name="cart_shippingmethod_known_basis"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ShippingRate(models.Model):
    """What a method costs to a zone in a currency, in minor units, and how long it takes."""

    method = models.ForeignKey(ShippingMethod, on_delete=models.CASCADE, related_name="rates")
    zone = models.ForeignKey(ShippingZone, on_delete=models.CASCADE, related_name="rates")
    currency = models.CharField(max_length=3)
    # From how many grams, or from which subtotal in minor units, this row counts; 0 where the price is flat.
    threshold = models.BigIntegerField(default=0)
    amount = models.BigIntegerField()
    # The subtotal from which it is free.
    free_from = models.BigIntegerField(null=True, blank=True)
    min_days = models.PositiveSmallIntegerField()
    max_days = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["method", "zone", "currency", "threshold"], name="cart_shippingrate_once_a_zone"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0, threshold__gte=0), name="cart_shippingrate_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(max_days__gte=F("min_days")), name="cart_shippingrate_days_ordered"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.amount} {self.currency}"
