"""What variants cost."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from products.models.catalogue import Product, Variant


class Price(models.Model):
    """What a variant costs in a currency, in minor units; nothing is converted when it is read."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="prices")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    # The former price of a sale, struck through.
    compare_at = models.BigIntegerField(null=True, blank=True)
    # The lowest price of the 30 days before the sale, where there is one.
    lowest_before = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "currency"], name="products_price_once_a_currency"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="products_price_not_negative"),
            models.CheckConstraint(
                condition=Q(compare_at__isnull=True) | Q(compare_at__gt=F("amount")),
                name="products_price_compare_at_is_higher",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.amount} {self.currency}"


class ProductPrice(models.Model):
    """The lowest price of a product's variants in a currency, kept beside the prices so that lists don't aggregate."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="lowest_prices")
    currency = models.CharField(max_length=3)
    lowest = models.BigIntegerField()
    compare_at = models.BigIntegerField(null=True, blank=True)
    lowest_before = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "currency"], name="products_lowest_once_a_currency"),
        ]
        indexes = [models.Index(fields=["currency", "lowest", "product"], name="products_by_price")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.lowest} {self.currency}"


class PriceChange(models.Model):
    """That a variant cost this much from an instant on; rows are only ever added."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="price_changes")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="products_pricechange_not_negative"),
        ]
        indexes = [models.Index(fields=["variant", "currency", "-at", "-id"], name="products_price_history")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.amount} {self.currency}"
