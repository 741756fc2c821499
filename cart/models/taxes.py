"""What is taxed where."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class TaxRate(models.Model):
    """The tax of a class in a country or one of its regions; ``rate`` is in millionths, 190000 for 19 %."""

    name = models.CharField(max_length=50)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=100, default="", blank=True)
    tax_class = models.CharField(max_length=20, default="standard")
    rate = models.PositiveIntegerField()
    on_shipping = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "region", "tax_class"], name="cart_taxrate_once_a_place"
            ),
            models.CheckConstraint(condition=Q(rate__lte=1_000_000), name="cart_taxrate_at_most_all"),
            models.UniqueConstraint(
                fields=["country", "region"],
                condition=Q(on_shipping=True),
                name="cart_taxrate_one_for_shipping",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name} {self.country}"
