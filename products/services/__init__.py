"""Every way the catalogue and stock can change."""

from products.services.attributes import AttributeData, delete_attribute, save_attribute
from products.services.catalogue import (
    PRODUCT_FIELDS,
    ProductData,
    archive_product,
    create_product,
    update_product,
)
from products.services.categories import create_category, delete_category, update_category
from products.services.images import StoredImage, add_image, change_image, delete_image, upload_image
from products.services.opinions import (
    change_review,
    delete_review,
    forget_opinions,
    moderate,
    remember_purchase,
    write_review,
)
from products.services.prices import set_price
from products.services.stock import adjust_stock, release, reserve, return_to_stock, sell, set_hold_expiry
from products.services.stock_news import serve_waiting
from products.services.variants import (
    VariantData,
    add_variant,
    archive_variant,
    update_variant,
)
from products.services.wishes import add_wish, ask_for_alert, drop_alert, forget_wishes, remove_wish

__all__ = [
    "PRODUCT_FIELDS",
    "AttributeData",
    "ProductData",
    "StoredImage",
    "VariantData",
    "add_image",
    "add_variant",
    "add_wish",
    "adjust_stock",
    "archive_product",
    "archive_variant",
    "ask_for_alert",
    "change_image",
    "change_review",
    "create_category",
    "create_product",
    "delete_attribute",
    "delete_category",
    "delete_image",
    "delete_review",
    "drop_alert",
    "forget_opinions",
    "forget_wishes",
    "moderate",
    "release",
    "remember_purchase",
    "remove_wish",
    "reserve",
    "return_to_stock",
    "save_attribute",
    "sell",
    "serve_waiting",
    "set_hold_expiry",
    "set_price",
    "update_category",
    "update_product",
    "update_variant",
    "upload_image",
    "write_review",
]
