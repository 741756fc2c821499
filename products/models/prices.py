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
    # Made by an exchange rate and not by hand: the next rate may change it.
    by_rate = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "currency"], name="products_price_once_a_currency"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="products_price_not_negative"),
            models.CheckConstraint(
                condition=Q(compare_at__isnull=True) | Q(compare_at__gt=F("amount")),
                name="products_price_compare_at_is_higher",
            ),
        ]
        indexes = [
            # What rates have made: whether any is left of a rate that is gone is asked every minute.
            models.Index(
                fields=["currency", "variant"], condition=Q(by_rate=True), name="products_price_by_rate"
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


class ExchangeRate(models.Model):
    """
    How prices in a currency are made from those in the base currency, where staff set none by hand.

    ``rate`` is in millionths: 1 EUR at 1.0835 USD is 1083500. The result is rounded to the nearest multiple of
    ``round_to`` minor units, and ``minus`` is taken off: 100 and 1 make prices that end in .99.
    """

    currency = models.CharField(max_length=3, unique=True)
    rate = models.BigIntegerField()
    round_to = models.PositiveIntegerField(default=1)
    minus = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    # Which version of the catalogue the prices were last made of, and when; none since the rule was changed.
    filled_version = models.BigIntegerField(null=True, blank=True, editable=False)
    filled_at = models.DateTimeField(null=True, blank=True, editable=False)
    # How many prices it had made by then, and how many were set by hand.
    prices_by_rate = models.PositiveIntegerField(default=0, editable=False)
    prices_by_hand = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rate__gte=1), name="products_exchangerate_positive"),
            models.CheckConstraint(
                condition=Q(round_to__gte=1, minus__lt=F("round_to")), name="products_exchangerate_rounds"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.currency}"
