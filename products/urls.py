"""Addresses of the catalogue."""

from rest_framework.routers import DefaultRouter

from products.views import CategoryViewSet, ProductViewSet

router = DefaultRouter(use_regex_path=True)
router.include_root_view = False
router.include_format_suffixes = False
router.register("categories", CategoryViewSet, basename="category")
router.register("products", ProductViewSet, basename="product")

urlpatterns = router.urls
