"""Addresses of orders."""

from rest_framework.routers import DefaultRouter

from orders.views import OrderViewSet

router = DefaultRouter()
router.include_root_view = False
router.include_format_suffixes = False
router.register("orders", OrderViewSet, basename="order")

urlpatterns = router.urls
