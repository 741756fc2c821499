"""What carts hear: a sign-in brings the guest's cart along, an order that ended gives back what it used up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cart import services
from shop.core.ids import token_hash
from shop.events.registry import handles
from users import ports

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from shop.events.registry import Received


@handles("orders.order_expired.v1", group="cart")
@handles("orders.order_cancelled.v1", group="cart")
def on_ended(event: Received, now: datetime) -> None:
    """Release the coupon uses of an order that isn't one any more."""
    fact: Any = event.fact
    services.give_back_coupons(cart_id=fact.cart_id)


@handles("orders.order_paid.v1", group="cart")
def on_paid(event: Received, now: datetime) -> None:
    """
    Take back the coupon uses of an order that had expired when its money came.

    Events of an order are heard in their order, so the expiry has released them by now; it is the rare case.
    """
    fact: Any = event.fact
    if fact.cart_id is not None:
        services.hold_again(cart_id=fact.cart_id)


def on_signed_in(*, user_id: UUID, cart_token: str | None, now: datetime) -> None:
    """Merge the cart that the visitor had into the customer's."""
    if cart_token:
        services.merge_guest_cart(user_id=user_id, token_hash=token_hash(cart_token), now=now)


ports.signed_in.register("cart", on_signed_in)
