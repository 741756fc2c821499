"""Addresses of notifications. The page behind unsubscribe links stands in page_urls."""

from rest_framework.routers import DefaultRouter

from notifications.views import UUIDS, TimelineViewSet

router = DefaultRouter()
router.include_root_view = False
router.include_format_suffixes = False
router.register(rf"orders/(?P<order_id>{UUIDS})/timeline", TimelineViewSet, basename="order-timeline")

urlpatterns = router.urls
