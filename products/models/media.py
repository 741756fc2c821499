"""Pictures of products."""

from __future__ import annotations

from django.db import models

from products.models.catalogue import Product


class ProductImage(models.Model):
    """One picture of a product; ``file`` is a path in the default storage."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    file = models.CharField(max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    # [{file, width, height}], narrowest first.
    thumbnails = models.JSONField(default=list, blank=True)
    alt = models.CharField(max_length=200, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["product", "position", "id"], name="products_image_order")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.file}"
