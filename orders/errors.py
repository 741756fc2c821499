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
