"""What orders refuse."""

from shop.core.errors import DomainError, Kind


class TransitionNotAllowed(DomainError):
    """Raised when an order can't go from where it is to where it is asked to go; nothing is changed."""

    code = "transition_not_allowed"
    kind = Kind.CONFLICT
    title = "The order can't do that now"
    message = "The order is {from} and can't become {to}."
    remedy = "Read the order again; allowed lists where it can go from there."


class OrderNotPayable(DomainError):
    """Raised when nothing may be paid for an order; ``reason`` is paid, expired or cancelled."""

    code = "order_not_payable"
    kind = Kind.CONFLICT
    title = "There is nothing to pay"
    message = "This order can't be paid: it is {reason}."
    remedy = "A paid order needs no more. For one that is cancelled or expired, order again (reorder)."
