"""The one table of moves: which state of an order may follow which, on each of its three axes."""

from __future__ import annotations

STATUS = "status"
PAYMENT = "payment_status"
FULFILMENT = "fulfilment_status"

# While money is under way the stock is kept and the order doesn't expire, however long that takes.
UNDER_WAY = ("processing", "authorized")

# Why money counts as gone back that was only held.
HOLD_RELEASED = "hold_released"

# axis -> from -> where it may go. Nothing else assigns a state.
MOVES: dict[str, dict[str, tuple[str, ...]]] = {
    STATUS: {
        "pending": ("confirmed", "cancelled", "expired"),
        "confirmed": ("cancelled", "completed"),
        # Late money, and the stock could be had again.
        "expired": ("confirmed",),
        "cancelled": (),
        "completed": (),
    },
    PAYMENT: {
        "unpaid": ("processing", "authorized", "failed", "paid"),
        "processing": ("unpaid", "authorized", "failed", "paid"),
        "authorized": ("unpaid", "failed", "paid"),
        # The last try was refused; the order is still payable.
        "failed": ("unpaid", "processing", "authorized", "paid"),
        "paid": ("partially_refunded", "refunded"),
        "partially_refunded": ("refunded", "paid"),
        "refunded": ("partially_refunded", "paid"),
    },
    FULFILMENT: {
        # Delivered at once: nothing of it had to be sent.
        "unfulfilled": ("partial", "shipped", "delivered"),
        "partial": ("shipped",),
        "shipped": ("delivered", "returned"),
        "delivered": ("returned",),
        "returned": (),
    },
}

# A return has a life of its own: from -> where it may go.
RETURN_MOVES: dict[str, tuple[str, ...]] = {
    "requested": ("approved", "rejected"),
    # Rejected although it was approved: it never came, or too late.
    "approved": ("received", "rejected"),
    "received": ("refunded",),
    "rejected": (),
    "refunded": (),
}


def allowed(axis: str, state: str) -> tuple[str, ...]:
    """Return where an order may go from a state on an axis."""
    return MOVES[axis][state]
