"""What notifications refuse."""

from __future__ import annotations

from shop.core.errors import DomainError, Kind


class MessageUnderWay(DomainError):
    """Raised when a message that hasn't come to an end is asked for again."""

    code = "message_under_way"
    kind = Kind.CONFLICT
    title = "The message is still on its way"
    message = "This message is {state}: it can be sent again once it was sent or given up."
    remedy = "Wait until the message was sent or given up, then send it again."


class Undeliverable(Exception):
    """Raised when a message can never be sent; says why, without the address."""


class NotReady(Exception):
    """Raised when what a message needs isn't there yet and will be soon."""
