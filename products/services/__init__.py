"""Every way the catalogue and stock can change."""

from products.services.attributes import AttributeData, delete_attribute, save_attribute
from products.services.brands import create_brand, delete_brand, rename_brand
from products.services.catalogue import (
    PRODUCT_FIELDS,
    ProductData,
    archive_product,
    create_product,
    update_product,
)
from products.services.categories import create_category, delete_category, update_category
from products.services.collections import (
    change_members,
    create_collection,
    delete_collection,
    set_collections,
    update_collection,
)
from products.services.exchange import RateData, remove_exchange_rate, set_exchange_rate
from products.services.images import (
    StoredImage,
    add_image,
    change_image,
    delete_image,
    keep_picture,
    upload_image,
)
from products.services.imports import (
    LOST_AFTER,
    claim_import,
    drop_import_file,
    end_import,
    forget_old_imports,
    give_up_lost_imports,
    keep_import,
    request_import,
)
from products.services.opinions import (
    change_review,
    delete_review,
    forget_opinions,
    moderate,
    remember_purchase,
    write_review,
)
from products.services.prices import remove_price, set_price
from products.services.stock import adjust_stock, release, reserve, return_to_stock, sell, set_hold_expiry
from products.services.stock_news import serve_waiting
from products.services.texts import (
    CATEGORY_TEXT,
    PRODUCT_TEXT,
    require_words,
    write_category_text,
    write_product_text,
)
from products.services.variants import (
    VariantData,
    add_variant,
    archive_variant,
    update_variant,
)
from products.services.wishes import add_wish, ask_for_alert, drop_alert, forget_wishes, remove_wish

__all__ = [
    "CATEGORY_TEXT",
    "LOST_AFTER",
    "PRODUCT_FIELDS",
    "PRODUCT_TEXT",
    "AttributeData",
    "ProductData",
    "RateData",
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
    "change_members",
    "change_review",
    "claim_import",
    "create_brand",
    "create_category",
    "create_collection",
    "create_product",
    "delete_attribute",
    "delete_brand",
    "delete_category",
    "delete_collection",
    "delete_image",
    "delete_review",
    "drop_alert",
    "drop_import_file",
    "end_import",
    "forget_old_imports",
    "forget_opinions",
    "forget_wishes",
    "give_up_lost_imports",
    "keep_import",
    "keep_picture",
    "moderate",
    "release",
    "remember_purchase",
    "remove_exchange_rate",
    "remove_price",
    "remove_wish",
    "rename_brand",
    "request_import",
    "require_words",
    "reserve",
    "return_to_stock",
    "save_attribute",
    "sell",
    "serve_waiting",
    "set_collections",
    "set_exchange_rate",
    "set_hold_expiry",
    "set_price",
    "update_category",
    "update_collection",
    "update_product",
    "update_variant",
    "upload_image",
    "write_category_text",
    "write_product_text",
    "write_review",
]
