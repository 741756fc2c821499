"""The catalogue as it stands, to be compared: every table that a file can change, without its ids."""

from __future__ import annotations

from typing import Any

from products.models import (
    Attribute,
    Brand,
    Collection,
    Price,
    PriceChange,
    Product,
    ProductAttribute,
    ProductPrice,
    ProductSlug,
    StockItem,
    StockMovement,
    Variant,
)


def snapshot(*, empty: bool = False) -> dict[str, list[Any]]:
    """Return the catalogue without its ids; with ``empty`` all but categories are deleted after that."""
    tables = {
        "products": Product.objects.values_list(
            "slug", "name", "description", "category__name", "brand__name", "tax_class", "minimum_age", "option_names",
            "attributes", "seo_title", "seo_description", "image_sources", "in_stock", "published_at",
            "published_until", "external_id", "version", "created_at", "updated_at",
        ),
        "collections": Collection.products.through.objects.values_list("product__slug", "collection__name"),
        "slugs": ProductSlug.objects.values_list("slug", "product__slug"),
        "values": ProductAttribute.objects.values_list("product__slug", "attribute__name", "key", "value"),
        "variants": Variant.objects.values_list(
            "sku", "product__slug", "options", "option_key", "position", "weight_grams", "requires_shipping",
            "available_at", "external_id", "archived_at",
        ),
        "stock": StockItem.objects.values_list(
            "variant__sku", "tracked", "on_hand", "reserved", "backorder_limit", "low_stock_threshold"
        ),
        "movements": StockMovement.objects.values_list("variant__sku", "kind", "delta"),
        "prices": Price.objects.values_list("variant__sku", "currency", "amount", "compare_at", "lowest_before"),
        "changes": PriceChange.objects.values_list("variant__sku", "currency", "amount", "at"),
        "lowest": ProductPrice.objects.values_list(
            "product__slug", "currency", "lowest", "compare_at", "lowest_before"
        ),
    }  # fmt: skip
    found = {name: sorted(rows, key=repr) for name, rows in tables.items()}
    if empty:
        StockMovement.objects.all().delete()
        Product.objects.all().delete()
        Brand.objects.all().delete()
        Attribute.objects.all().delete()
        Collection.objects.all().delete()
    return found
