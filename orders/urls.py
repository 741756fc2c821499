"""Addresses of orders."""

from rest_framework.routers import DefaultRouter

from orders.views import (
    FulfilmentViewSet,
    NoteViewSet,
    OrderExportViewSet,
    OrderViewSet,
    ReturnViewSet,
    StaffOrderViewSet,
)
from orders.views.of_order import UUIDS

router = DefaultRouter()
router.include_root_view = False
router.include_format_suffixes = False
router.register("orders/staff", StaffOrderViewSet, basename="order-staff")
router.register("orders/export", OrderExportViewSet, basename="order-export")
router.register("orders", OrderViewSet, basename="order")
router.register(rf"orders/(?P<order_id>{UUIDS})/fulfilments", FulfilmentViewSet, basename="order-fulfilment")
router.register(rf"orders/(?P<order_id>{UUIDS})/notes", NoteViewSet, basename="order-note")
router.register(rf"orders/(?P<order_id>{UUIDS})/returns", ReturnViewSet, basename="order-return")

urlpatterns = router.urls
