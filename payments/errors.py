"""What payments refuse."""

from __future__ import annotations

from shop.core.errors import DomainError, Kind


class GatewayUnavailable(DomainError):
    """
    Raised when the payment provider gives no usable answer; whether it did what was asked isn't known.

    The same call under the same key is safe to repeat, unless ``is_stored``: then the provider keeps answering this
    key with the same failure, and only after looking for the object may another key be used.
    """

    code = "payment_provider_unavailable"
    kind = Kind.UNAVAILABLE
    title = "The payment provider doesn't answer"
    message = (
        "The payment provider doesn't answer just now. Nothing is lost, and the order can still be paid."
    )
    remedy = "Wait as many seconds as Retry-After says and send the same request again."

    def __init__(self, *, retry_after: int = 5, is_stored: bool = False) -> None:
        self.is_stored = is_stored
        super().__init__(retry_after=retry_after)


class GatewayRefused(DomainError):
    """Raised when the payment provider refuses for good; ``reason`` is the provider's own code."""

    code = "payment_provider_refused"
    kind = Kind.REFUSED
    title = "The payment provider refuses"
    message = "The payment provider refuses this: {reason}."
    remedy = (
        "Don't send the same again. The reason is the provider's own code; amount_too_small is the usual one."
    )
    example = {"reason": "amount_too_small"}


class SignatureInvalid(DomainError):
    """Raised when a webhook isn't signed with a secret of ours, or at another time; nothing is stored."""

    code = "signature_invalid"
    kind = Kind.INVALID
    title = "The signature doesn't hold"
    message = "This webhook isn't signed as it must be."
    remedy = (
        "Check that STRIPE_WEBHOOK_SECRET is the endpoint's own secret and that the server's clock is right."
    )


class PaymentDisputed(DomainError):
    """Raised when money would go back that the bank has taken already, until a dispute is decided."""

    code = "payment_disputed"
    kind = Kind.CONFLICT
    title = "The payment is disputed"
    message = "The cardholder disputes this payment: until that is decided nothing of it can be refunded."
    remedy = "Answer the dispute at Stripe, or accept it there: then the cardholder has the money back by it."


class CardNumberRefused(DomainError):
    """Raised when a card number is sent here; nothing of the request is read, stored or logged."""

    code = "card_number_refused"
    kind = Kind.INVALID
    title = "Card numbers don't belong here"
    message = "This request holds what looks like a card number. Nothing of it was kept."
    remedy = "Give card data to Stripe's own form in the browser, never to the shop."
