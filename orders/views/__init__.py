"""Orders over HTTP."""

from orders.views.fulfilments import FulfilmentViewSet
from orders.views.orders import OrderViewSet
from orders.views.returns import ReturnViewSet
from orders.views.staff_lists import OrderExportViewSet, StaffOrderListViewSet

__all__ = [
    "FulfilmentViewSet",
    "OrderExportViewSet",
    "OrderViewSet",
    "ReturnViewSet",
    "StaffOrderListViewSet",
]
