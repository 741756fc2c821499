"""Every way an order can change."""

from orders.services.cancelling_lines import cancel_lines
from orders.services.claiming import claim_guest_orders, claim_order
from orders.services.confirming import mark_authorized, mark_disputed, mark_paid, payment_progressed, refunded
from orders.services.ending import cancel_order, expire
from orders.services.exporting import record_export
from orders.services.forgetting import forget_customer, lock_orders
from orders.services.fulfilling import Parcel, deliver, ship
from orders.services.locking import lock_order
from orders.services.looking_up import request_order_link
from orders.services.moving import Actor
from orders.services.notes import add_note
from orders.services.placing import place_order
from orders.services.returning import (
    Received,
    WantedBack,
    decide_return,
    receive_return,
    refund_return,
    request_return,
)
from orders.services.snapshot import Placing
from orders.services.staff_orders import StaffOrder, place_staff_order, preview_staff_order
from orders.services.valuing import value_units

__all__ = [
    "Actor",
    "Parcel",
    "Placing",
    "Received",
    "StaffOrder",
    "WantedBack",
    "add_note",
    "cancel_lines",
    "cancel_order",
    "claim_guest_orders",
    "claim_order",
    "decide_return",
    "deliver",
    "expire",
    "forget_customer",
    "lock_order",
    "lock_orders",
    "mark_authorized",
    "mark_disputed",
    "mark_paid",
    "payment_progressed",
    "place_order",
    "place_staff_order",
    "preview_staff_order",
    "receive_return",
    "record_export",
    "refund_return",
    "refunded",
    "request_order_link",
    "request_return",
    "ship",
    "value_units",
]
