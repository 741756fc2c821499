"""Orders over HTTP."""

from orders.views.fulfilments import FulfilmentViewSet
from orders.views.orders import OrderViewSet
from orders.views.returns import ReturnViewSet

__all__ = ["FulfilmentViewSet", "OrderViewSet", "ReturnViewSet"]
