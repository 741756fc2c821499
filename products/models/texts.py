"""What the catalogue says in other languages than the shop's own."""

from __future__ import annotations

from django.db import models

from products.models.catalogue import Category, Product


class ProductText(models.Model):
    """
    A product's texts in one more language; an empty one falls back to the product's own.

    ``options`` translates the names and values of its options, word by word: ``{"Colour": "Farbe", "Red": "Rot"}``.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10)
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    seo_title = models.CharField(max_length=100, blank=True, default="")
    seo_description = models.CharField(max_length=300, blank=True, default="")
    options = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "language"], name="products_text_once_a_language"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.language}"


class CategoryText(models.Model):
    """A category's texts in one more language; an empty one falls back to the category's own."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10)
    name = models.CharField(max_length=100, blank=True, default="")
    description = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["category", "language"], name="products_category_text_once_a_language"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.language}"
