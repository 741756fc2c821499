"""What carts announce."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from shop.events.event import Event


@dataclass(frozen=True, kw_only=True)
class CartAbandoned(Event):
    """
    A cart with something in it wasn't touched for a while; said once of a cart.

    ``version`` is the cart's, which this doesn't change: a cart of another version was touched since. Without
    ``user_id`` it is a guest's.
    """

    type = "cart.cart_abandoned.v1"
    key = "cart_id"

    cart_id: UUID
    user_id: UUID | None
    currency: str
