"""Every way the catalogue and stock can change."""

from products.services.catalogue import (
    PRODUCT_FIELDS,
    ProductData,
    VariantData,
    add_variant,
    archive_product,
    archive_variant,
    create_product,
    set_price,
    update_product,
    update_variant,
)
from products.services.categories import create_category, delete_category, update_category
from products.services.images import StoredImage, add_image, change_image, delete_image, upload_image
from products.services.stock import adjust_stock, release, reserve, return_to_stock, sell, set_hold_expiry

__all__ = [
    "PRODUCT_FIELDS",
    "ProductData",
    "StoredImage",
    "VariantData",
    "add_image",
    "add_variant",
    "adjust_stock",
    "archive_product",
    "archive_variant",
    "change_image",
    "create_category",
    "create_product",
    "delete_category",
    "delete_image",
    "release",
    "reserve",
    "return_to_stock",
    "sell",
    "set_hold_expiry",
    "set_price",
    "update_category",
    "update_product",
    "update_variant",
    "upload_image",
]
