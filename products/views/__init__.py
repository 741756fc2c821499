"""The catalogue over HTTP."""

from products.views.categories import CategoryViewSet
from products.views.collections import CollectionViewSet
from products.views.facets import FacetView
from products.views.images import ImageViewSet
from products.views.products import ProductViewSet
from products.views.reviews import ReviewViewSet
from products.views.stock import StockViewSet
from products.views.texts import CategoryTextViewSet, ProductTextViewSet
from products.views.variants import VariantViewSet
from products.views.wishes import AlertViewSet, WishlistViewSet

__all__ = [
    "AlertViewSet",
    "CategoryTextViewSet",
    "CategoryViewSet",
    "CollectionViewSet",
    "FacetView",
    "ImageViewSet",
    "ProductTextViewSet",
    "ProductViewSet",
    "ReviewViewSet",
    "StockViewSet",
    "VariantViewSet",
    "WishlistViewSet",
]
