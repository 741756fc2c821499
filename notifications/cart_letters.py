"""The letter about a cart that was left: to customers who agreed to such mail, and while it is as they left it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cart import selectors as carts
from notifications import links, unsubscribing
from notifications.account_letters import to_account
from notifications.errors import Undeliverable
from notifications.letter import Letter
from notifications.rendering import supported
from notifications.unsubscribing import MARKETING, Subscription
from users import selectors as users

if TYPE_CHECKING:
    from datetime import datetime

    from cart.selectors import PricedCart
    from notifications.models import EmailMessage


def cart_abandoned(message: EmailMessage, now: datetime) -> Letter:
    """Remind a customer of what is in their cart, in its language, once and with a way to hear no more."""
    user_id = UUID(message.recipient_ref)
    cart = left_cart(
        user_id=user_id, cart_id=UUID(message.fact("cart")), version=message.fact("version"), now=now
    )
    letter = to_account(message, now)
    token = unsubscribing.token_of(Subscription(user_id=user_id, purpose=MARKETING))
    unsubscribe_url = links.unsubscribe(token=token)
    about = {
        "cart": {"items": _still_sold(cart), "currency": cart.currency},
        "cart_url": links.cart(),
        "unsubscribe_url": unsubscribe_url,
    }
    return replace(
        letter,
        language=supported(cart.language),
        context=letter.context | about,
        unsubscribe_url=unsubscribe_url,
    )


def left_cart(*, user_id: UUID, cart_id: UUID, version: int, now: datetime) -> PricedCart:
    """
    Return a customer's cart as they left it.

    :param version: the cart's when it was announced; it has another one after each write.
    :raises Undeliverable: they don't agree to such mail, it can't reach them, or there is nothing to remind them of.
    """
    person = users.recipient(user_id)
    if person is None:
        raise Undeliverable("The account is erased or closed.")
    if not person.verified:
        raise Undeliverable("The address was never confirmed.")
    if not users.has_consent(user_id, MARKETING):
        raise Undeliverable("They don't agree to marketing.")
    cart = carts.read_cart(carts.CartOwner(user_id=user_id), now=now)
    if cart is None or (cart.id, cart.version) != (cart_id, version):
        raise Undeliverable("The cart was ordered, changed or emptied meanwhile.")
    if not _still_sold(cart):
        raise Undeliverable("Nothing in the cart can be bought any more.")
    return cart


LETTERS: dict[str, Callable[[EmailMessage, datetime], Letter]] = {"cart_abandoned": cart_abandoned}


def _still_sold(cart: PricedCart) -> list[dict[str, Any]]:
    gone = {
        item.id
        for item in cart.items
        if not item.offer or item.unit_price is None or item.offer.sellable == 0
    }
    return [item for item in carts.cart_json(cart)["items"] if item["id"] not in gone]
