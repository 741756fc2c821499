"""What customers say of products and wait for."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from products.models.catalogue import Product, Variant


class Purchase(models.Model):
    """That a customer has bought a product, told by the order's event; it makes a review a verified one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "product"], name="products_purchase_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Review(models.Model):
    """A customer's opinion of a product; one a customer and product."""

    class State(models.TextChoices):
        """Whether shoppers see it; only published ones count for the rating."""

        WAITING = "waiting"
        PUBLISHED = "published"
        REJECTED = "rejected"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # Whole stars.
    rating = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=100, blank=True, default="")
    text = models.TextField(max_length=5000, blank=True, default="")
    verified = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.PUBLISHED)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "user"], name="products_review_one_a_customer"),
            models.CheckConstraint(
                condition=Q(rating__gte=1, rating__lte=5), name="products_review_one_to_five_stars"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "published", "rejected"]),
                name="products_review_known_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["product", "-created_at", "-id"],
                condition=Q(state="published"),
                name="products_reviews_shown",
            ),
            models.Index(fields=["id"], condition=Q(state="waiting"), name="products_reviews_waiting"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.rating}/5"


class WishlistItem(models.Model):
    """A product that a customer keeps in mind."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="wishes")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "product"], name="products_wish_once")]
        indexes = [models.Index(fields=["user", "-added_at", "-id"], name="products_wishes_newest")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class StockAlert(models.Model):
    """
    A customer who wants to know when a variant is back; the first to ask is the first to hear.

    ``notified_at`` is set when a mail is owed; from then on the customer may ask again.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="alerts")
    created_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "variant"],
                condition=Q(notified_at__isnull=True),
                name="products_alert_one_waiting",
            ),
        ]
        indexes = [
            models.Index(
                fields=["variant", "id"], condition=Q(notified_at__isnull=True), name="products_alert_queue"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
