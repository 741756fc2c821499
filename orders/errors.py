"""What orders refuse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shop.core.errors import DomainError, Kind


class TransitionNotAllowed(DomainError):
    """Raised when an order can't go from where it is to where it is asked to go; nothing is changed."""

    code = "transition_not_allowed"
    kind = Kind.CONFLICT
    title = "The order can't do that now"
    message = "The order is {from} and can't become {to}."
    remedy = "Read the order again; allowed lists where it can go from there."
    example = {"from": "completed", "to": "cancelled", "allowed": []}

    def __init__(self, *, here: str, to: str, allowed: Iterable[str]) -> None:
        # The contract calls it "from", which no Python argument can be called.
        facts: dict[str, Any] = {"from": here, "to": to, "allowed": list(allowed)}
        super().__init__(**facts)


class OrderNotPayable(DomainError):
    """Raised when nothing may be paid for an order; ``reason`` is paid, expired or cancelled."""

    code = "order_not_payable"
    kind = Kind.CONFLICT
    title = "There is nothing to pay"
    message = "This order can't be paid: it is {reason}."
    remedy = "A paid order needs no more. For one that is cancelled or expired, order again (reorder)."
    example = {"reason": "expired"}


class NotPaid(DomainError):
    """Raised when goods would leave, or a receipt is asked for, although nothing is paid or authorized."""

    code = "not_paid"
    kind = Kind.CONFLICT
    title = "Not paid"
    message = "This is neither paid nor authorized."
    remedy = "Ask again once the payment has succeeded."


class ReturnWindowClosed(DomainError):
    """Raised when it is too late to send something back; nothing is written."""

    code = "return_window_closed"
    kind = Kind.CONFLICT
    title = "It is too late to send this back"
    message = "This could be sent back until {closed_at}."
    remedy = "Write to the shop: staff can still make a return."
    example = {"closed_at": "2026-11-08T12:00:00+00:00"}


class RefundTooLarge(DomainError):
    """Raised when more is to go back than is left of what was taken; nothing is written."""

    code = "refund_too_large"
    kind = Kind.REFUSED
    title = "More than is left to refund"
    message = "At most {left} {currency} can be refunded."
    remedy = "Refund at most what is left."
    example = {"left": "19.90", "currency": "EUR"}
