"""What the shop offers: categories, products and their variants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Lower
from treebeard.mp_tree import MP_Node

if TYPE_CHECKING:
    from datetime import datetime


class Category(MP_Node):  # type: ignore[misc]  # treebeard has no types
    """A place in the tree that shoppers browse; written through treebeard's manager methods only."""

    # How many may stand below each other: no shopper goes further down, and files name as many.
    MOST_DEEP = 10

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=120, unique=True)
    description = models.TextField(blank=True, default="")

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Brand(models.Model):
    """Who made it."""

    name = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="products_brand_name_any_case")]

    def __str__(self) -> str:
        return self.name


class Collection(models.Model):
    """A hand-picked group of products beside the one category that each has."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=120, unique=True)
    products: models.ManyToManyField[Product, Any] = models.ManyToManyField(
        "Product", related_name="collections", blank=True
    )

    def __str__(self) -> str:
        return self.name


class ProductQuerySet(models.QuerySet["Product"]):
    """Filters on products."""

    def visible(self, *, now: datetime) -> Self:
        """Return those that shoppers may see."""
        still = Q(published_until__isnull=True) | Q(published_until__gt=now)
        return self.filter(still, published_at__lte=now, archived_at__isnull=True)


class Product(models.Model):
    """
    Something to buy, in one or more variants.

    ``in_stock``, ``rating`` and ``review_count`` are kept here so that a list never aggregates; stock and
    review services alone write them.
    """

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=220, unique=True)
    description = models.TextField(blank=True, default="")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    brand = models.ForeignKey(Brand, null=True, blank=True, on_delete=models.PROTECT, related_name="products")
    # The code of a tax class; its rates belong to the cart, to the left of this app.
    tax_class = models.CharField(max_length=20, default="standard")
    # In years; whoever buys it has to confirm that they have reached it.
    minimum_age = models.PositiveSmallIntegerField(null=True, blank=True)
    # The names of the options in the order they are shown; each variant has a value for each.
    option_names = models.JSONField(default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    cover = models.ForeignKey(
        "ProductImage", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Addresses of pictures that an import named and nobody has fetched: [{url, alt}].
    image_sources = models.JSONField(default=list, blank=True)
    in_stock = models.BooleanField(default=False)
    # Hundredths of a star, 100 to 500.
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    review_count = models.PositiveIntegerField(default=0)
    # Unrated ones come last, and an index on a column that has no nulls serves both ends of a list.
    rating_order = models.GeneratedField(
        expression=Coalesce("rating", 0), output_field=models.PositiveSmallIntegerField(), db_persist=True
    )
    # Shoppers see it from the one to the other; without the second, from then on.
    published_at = models.DateTimeField(null=True, blank=True)
    published_until = models.DateTimeField(null=True, blank=True)
    # What search engines show; the name and the description where these are empty.
    seo_title = models.CharField(max_length=100, blank=True, default="")
    seo_description = models.CharField(max_length=300, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    metadata = models.JSONField(default=dict, blank=True)
    # Raised by each announced change.
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__gte=100, rating__lte=500),
                name="products_product_rating_in_range",
            ),
            models.CheckConstraint(
                condition=Q(minimum_age__isnull=True) | Q(minimum_age__gte=1, minimum_age__lte=99),
                name="products_product_minimum_age_in_range",
            ),
            models.CheckConstraint(
                # A number alone would be taken for an id.
                condition=Q(slug__regex=r"[a-z]"),
                name="products_product_slug_has_letter",
            ),
            models.CheckConstraint(
                condition=Q(published_until__isnull=True) | Q(published_until__gt=F("published_at")),
                name="products_product_shown_before_hidden",
            ),
        ]
        indexes = [
            models.Index(fields=["category", "id"], name="products_by_category"),
            # Counting a category's products reads nothing but this.
            models.Index(
                fields=["category", "published_at", "published_until", "id"],
                condition=Q(archived_at__isnull=True),
                name="products_shown_in_category",
            ),
            models.Index(fields=["-created_at", "-id"], name="products_newest"),
            models.Index(fields=["category", "-created_at", "-id"], name="products_newest_of_category"),
            models.Index(fields=["name", "id"], name="products_by_name"),
            models.Index(fields=["brand", "-created_at", "-id"], name="products_newest_of_brand"),
            models.Index(fields=["rating_order", "id"], name="products_by_rating"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"

    def is_visible(self, *, now: datetime) -> bool:
        """Tell whether shoppers may see it, by the rule of ``ProductQuerySet.visible``."""
        shown = self.published_at is not None and self.published_at <= now
        hidden = self.published_until is not None and self.published_until <= now
        return shown and not hidden and self.archived_at is None


class ProductSlug(models.Model):
    """Every slug a product ever had, so that an old address keeps answering and is never given away."""

    slug = models.SlugField(max_length=220, unique=True)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="slugs")

    def __str__(self) -> str:
        return self.slug


class Variant(models.Model):
    """What is really bought: one row per combination of option values."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    sku = models.CharField(max_length=64, unique=True)
    options = models.JSONField(default=dict, blank=True)
    # A digest of the options without regard to case, written by services; "" without any.
    option_key = models.CharField(max_length=40, default="", editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    requires_shipping = models.BooleanField(default=True)
    weight_grams = models.PositiveIntegerField(default=0)
    image = models.ForeignKey(
        "ProductImage", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # When a variant that is sold on backorder is expected.
    available_at = models.DateField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "option_key"],
                condition=Q(archived_at__isnull=True),
                name="products_variant_once_a_combination",
            ),
        ]
        indexes = [models.Index(fields=["product", "position", "id"], name="products_variant_order")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.sku}"
