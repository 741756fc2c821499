"""Addresses of notifications. The page behind unsubscribe links stands in page_urls."""

from django.urls import path
from rest_framework.routers import DefaultRouter

from notifications.preference_views import PreferencesViewSet
from notifications.views import UUIDS, TimelineViewSet

router = DefaultRouter()
router.include_root_view = False
router.include_format_suffixes = False
router.register(rf"orders/(?P<order_id>{UUIDS})/timeline", TimelineViewSet, basename="order-timeline")

urlpatterns = [
    path(
        "notifications/preferences/",
        PreferencesViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="mail-preferences",
    ),
    *router.urls,
]
