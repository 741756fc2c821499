"""The ledger of a product's stock, for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from products.errors import VariantRequired
from products.models import StockMovement, Variant
from shop.core.errors import NotFound, does_not_exist

if TYPE_CHECKING:
    from django.db.models import QuerySet


def movements_of(product_id: int) -> QuerySet[StockMovement]:
    """Return every movement of a product's variants with its variant."""
    return StockMovement.objects.filter(variant__product=product_id).select_related("variant")


def variant_at(product_id: int, variant_id: int) -> Variant:
    """
    Return the variant that an address names below its product.

    :raises NotFound: the product has no such variant, or it is archived.
    """
    found = Variant.objects.filter(pk=variant_id, product=product_id, archived_at__isnull=True).first()
    if found is None:
        raise NotFound
    return found


def variant_of(product_id: int, variant_id: int | None) -> Variant:
    """
    Return the named variant of a product, or its only one.

    :raises ValidationFailed: the product has no such variant.
    :raises VariantRequired: none is named and there are several.
    """
    variants = list(Variant.objects.filter(product=product_id, archived_at__isnull=True).order_by("pk"))
    if variant_id is not None:
        variants = [variant for variant in variants if variant.pk == variant_id]
    if not variants:
        raise does_not_exist("variant")
    if len(variants) > 1:
        raise VariantRequired
    return variants[0]
