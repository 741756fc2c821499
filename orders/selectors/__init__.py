"""Every way orders are read."""

from orders.selectors.access import Viewer, order_for, orders_of, owns
from orders.selectors.held import cart_ids_of, order_ids_of, orders_held, unfinished
from orders.selectors.history import bought_by, emails_of_carts, order_of_cart
from orders.selectors.payable import PayableOrder, overdue, payable, waits_to_be_sent
from orders.selectors.reading import order_for_mail, order_json, ready, track_json
from orders.selectors.reordering import staff_reorder
from orders.tokens import access_token

__all__ = [
    "PayableOrder",
    "Viewer",
    "access_token",
    "bought_by",
    "cart_ids_of",
    "emails_of_carts",
    "order_for",
    "order_for_mail",
    "order_ids_of",
    "order_json",
    "order_of_cart",
    "orders_held",
    "orders_of",
    "overdue",
    "owns",
    "payable",
    "ready",
    "staff_reorder",
    "track_json",
    "unfinished",
    "waits_to_be_sent",
]
