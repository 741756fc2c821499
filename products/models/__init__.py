"""Tables of the catalogue and of stock."""

from products.models.attributes import Attribute, ProductAttribute
from products.models.catalogue import Brand, Category, Collection, Product, ProductSlug, Variant
from products.models.media import ProductImage
from products.models.opinions import Purchase, Review, StockAlert, WishlistItem
from products.models.prices import Price, ProductPrice
from products.models.stock import Reservation, StockItem, StockMovement

__all__ = [
    "Attribute",
    "Brand",
    "Category",
    "Collection",
    "Price",
    "Product",
    "ProductAttribute",
    "ProductImage",
    "ProductPrice",
    "ProductSlug",
    "Purchase",
    "Reservation",
    "Review",
    "StockAlert",
    "StockItem",
    "StockMovement",
    "Variant",
    "WishlistItem",
]
