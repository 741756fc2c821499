"""The token in a link that ends one kind of mail: signed, stored nowhere, of one person and one purpose."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.core.signing import BadSignature, Signer

from shop.core.errors import NotFound

# What people agree to who get mail that they didn't cause.
MARKETING = "marketing"
# What people have asked to be told.
BACK_IN_STOCK = "back_in_stock"


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What somebody agreed to get, or asked for."""

    user_id: UUID
    purpose: str


def token_of(subscription: Subscription) -> str:
    """Return the token that ends a subscription; it never gets too old, since mails are kept for years."""
    return _signer().sign(f"{subscription.purpose}-{subscription.user_id}")


def read(token: str) -> Subscription:
    """
    Return the subscription that a token ends.

    :raises NotFound: it isn't one of the shop's.
    """
    try:
        purpose, _, user_id = _signer().unsign(token).partition("-")
        return Subscription(user_id=UUID(user_id), purpose=purpose)
    except (BadSignature, ValueError):
        raise NotFound from None


def _signer() -> Signer:
    # A point is never escaped in an address.
    return Signer(salt="notifications.unsubscribe", sep=".")
