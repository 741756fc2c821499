"""Every way an order can change."""

from orders.services.claiming import claim_guest_orders
from orders.services.confirming import mark_paid, payment_progressed, refunded
from orders.services.ending import cancel_order, expire
from orders.services.forgetting import forget_customer, lock_orders
from orders.services.locking import lock_order
from orders.services.moving import Actor
from orders.services.placing import place_order
from orders.services.snapshot import Placing

__all__ = [
    "Actor",
    "Placing",
    "cancel_order",
    "claim_guest_orders",
    "expire",
    "forget_customer",
    "lock_order",
    "lock_orders",
    "mark_paid",
    "payment_progressed",
    "place_order",
    "refunded",
]
