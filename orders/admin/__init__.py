"""Orders in the admin: everything to read, and what staff may do on pages of its own."""

from orders.admin.carriers import CarrierAdmin
from orders.admin.orders import OrderAdmin
from orders.admin.returns import ReturnAdmin

__all__ = ["CarrierAdmin", "OrderAdmin", "ReturnAdmin"]
