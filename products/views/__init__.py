"""The catalogue over HTTP."""

from products.views.categories import CategoryViewSet
from products.views.images import ImageViewSet
from products.views.products import ProductViewSet
from products.views.stock import StockViewSet
from products.views.variants import VariantViewSet

__all__ = ["CategoryViewSet", "ImageViewSet", "ProductViewSet", "StockViewSet", "VariantViewSet"]
