"""An order as it was placed, and everything that has happened to it since."""

from orders.models.fulfilment import Carrier, LineCancellation, Shipment, ShipmentLine
from orders.models.notes import OrderNote
from orders.models.order import Order, OrderAddress, OrderLine, OrderMove
from orders.models.returns import Return, ReturnLine

__all__ = [
    "Carrier",
    "LineCancellation",
    "Order",
    "OrderAddress",
    "OrderLine",
    "OrderMove",
    "OrderNote",
    "Return",
    "ReturnLine",
    "Shipment",
    "ShipmentLine",
]
