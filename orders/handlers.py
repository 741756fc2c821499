"""What orders hear, and what they plug into the apps to their right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cart import ports
from orders import selectors, services
from shop.events.registry import handles

if TYPE_CHECKING:
    from datetime import datetime

    from shop.events.registry import Received


class History:
    """Answers carts from the orders: implements ``cart.ports.PurchaseHistory``."""

    bought_by = staticmethod(selectors.bought_by)
    emails_of_carts = staticmethod(selectors.emails_of_carts)
    order_of_cart = staticmethod(selectors.order_of_cart)


ports.purchase_histories[:] = [History()]


@handles("users.email_verified.v1", group="orders")
def on_email_verified(event: Received, now: datetime) -> None:
    """Give the account what its owner ordered as a guest; until the address is verified anybody could claim it."""
    fact: Any = event.fact
    services.claim_guest_orders(user_id=fact.user_id, now=now)
