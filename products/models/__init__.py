"""Tables of the catalogue and of stock."""

from products.models.attributes import Attribute, ProductAttribute
from products.models.catalogue import Brand, Category, Collection, Product, ProductSlug, Variant
from products.models.media import ProductImage
from products.models.opinions import Purchase, Review, StockAlert, WishlistItem
from products.models.prices import ExchangeRate, Price, PriceChange, ProductPrice
from products.models.search import SearchEntry, SearchForm, SearchWord
from products.models.state import CatalogueImport, CatalogueState
from products.models.stock import Reservation, StockItem, StockMovement
from products.models.texts import CategoryText, ProductText

__all__ = [
    "Attribute",
    "Brand",
    "CatalogueImport",
    "CatalogueState",
    "Category",
    "CategoryText",
    "Collection",
    "ExchangeRate",
    "Price",
    "PriceChange",
    "Product",
    "ProductAttribute",
    "ProductImage",
    "ProductPrice",
    "ProductSlug",
    "ProductText",
    "Purchase",
    "Reservation",
    "Review",
    "SearchEntry",
    "SearchForm",
    "SearchWord",
    "StockAlert",
    "StockItem",
    "StockMovement",
    "Variant",
    "WishlistItem",
]
