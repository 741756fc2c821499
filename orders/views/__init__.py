"""Orders over HTTP."""

from orders.views.exports import OrderExportViewSet
from orders.views.fulfilments import FulfilmentViewSet
from orders.views.notes import NoteViewSet
from orders.views.orders import OrderViewSet
from orders.views.returns import ReturnViewSet
from orders.views.staff_orders import StaffOrderViewSet

__all__ = [
    "FulfilmentViewSet",
    "NoteViewSet",
    "OrderExportViewSet",
    "OrderViewSet",
    "ReturnViewSet",
    "StaffOrderViewSet",
]
