"""What products are compared by: material, colour, wattage."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from products.models.catalogue import Product


class Attribute(models.Model):
    """
    Something that products have a value of.

    ``key`` is the name without regard to case, which is what filters name it by; services keep both together. A
    number's values are in ``unit``.
    """

    class Kind(models.TextChoices):
        """What its values are."""

        TEXT = "text"
        NUMBER = "number"
        BOOLEAN = "boolean"
        CHOICE = "choice"

    name = models.CharField(max_length=50)
    key = models.CharField(max_length=100, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TEXT)
    unit = models.CharField(max_length=20, blank=True, default="")
    # The values that a choice may have, in the order they are shown.
    choices = models.JSONField(default=list, blank=True)
    # Whether shoppers can narrow a list by it.
    filterable = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(key=""), name="products_attribute_has_a_name"),
            models.CheckConstraint(
                condition=Q(kind__in=["text", "number", "boolean", "choice"]),
                name="products_attribute_known_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProductAttribute(models.Model):
    """
    The value that a product has of an attribute, without regard to case: what filters and facets look at.

    ``Product.attributes`` has the same values as shoppers read them; services write both.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="attribute_values")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="values")
    key = models.CharField(max_length=400)
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "attribute"], name="products_attribute_once_a_product"
            ),
        ]
        indexes = [models.Index(fields=["attribute", "key", "product"], name="products_by_attribute")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.value}"
