"""Addresses of the catalogue."""

from django.urls import path, re_path
from rest_framework.routers import DefaultRouter

from products.views import (
    AlertViewSet,
    CategoryTextViewSet,
    CategoryViewSet,
    CollectionViewSet,
    FacetView,
    ImageViewSet,
    ProductTextViewSet,
    ProductViewSet,
    ReviewViewSet,
    StockViewSet,
    VariantViewSet,
    WishlistViewSet,
)
from products.views.public import SLUG
from products.views.texts import LANGUAGE_CODE

router = DefaultRouter(use_regex_path=True)
router.include_root_view = False
router.include_format_suffixes = False
router.register("categories", CategoryViewSet, basename="category")
router.register("collections", CollectionViewSet, basename="collection")
router.register("products", ProductViewSet, basename="product")

_PRODUCT = rf"^products/(?P<ref>{SLUG})/"
_CATEGORY = rf"^categories/(?P<slug>{SLUG})/"

urlpatterns = [
    # Before the router, which would take it for a slug.
    path("products/facets/", FacetView.as_view({"get": "list"}), name="product-facets"),
    *router.urls,
    re_path(
        _PRODUCT + r"stock/$", StockViewSet.as_view({"get": "list", "post": "create"}), name="product-stock"
    ),
    re_path(
        _PRODUCT + r"images/$", ImageViewSet.as_view({"get": "list", "post": "create"}), name="product-images"
    ),
    re_path(
        _PRODUCT + r"images/(?P<image>[0-9]{1,18})/$",
        ImageViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="product-image",
    ),
    re_path(_PRODUCT + r"variants/$", VariantViewSet.as_view({"post": "create"}), name="product-variants"),
    re_path(
        _PRODUCT + r"variants/(?P<variant>[0-9]{1,18})/$",
        VariantViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="product-variant",
    ),
    re_path(_PRODUCT + r"texts/$", ProductTextViewSet.as_view({"get": "list"}), name="product-texts"),
    re_path(
        _PRODUCT + rf"texts/(?P<language>{LANGUAGE_CODE})/$",
        ProductTextViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="product-text",
    ),
    re_path(_CATEGORY + r"texts/$", CategoryTextViewSet.as_view({"get": "list"}), name="category-texts"),
    re_path(
        _CATEGORY + rf"texts/(?P<language>{LANGUAGE_CODE})/$",
        CategoryTextViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="category-text",
    ),
    re_path(
        _PRODUCT + r"reviews/$",
        ReviewViewSet.as_view({"get": "list", "post": "create"}),
        name="product-reviews",
    ),
    re_path(
        _PRODUCT + r"reviews/(?P<review>[0-9]{1,18})/$",
        ReviewViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="product-review",
    ),
    re_path(
        _PRODUCT + r"alerts/$",
        AlertViewSet.as_view({"post": "create", "delete": "destroy"}),
        name="product-alerts",
    ),
    path("wishlist/", WishlistViewSet.as_view({"get": "list"}), name="wishlist"),
    re_path(
        rf"^wishlist/items/(?P<ref>{SLUG})/$",
        WishlistViewSet.as_view({"post": "create", "delete": "destroy"}),
        name="wishlist-item",
    ),
]
