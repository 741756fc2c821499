"""Where a cart goes, how, and in which currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from cart import selectors
from cart.errors import CurrencyNotAvailable, ShippingNotAvailable
from cart.models import Cart, CartItem
from cart.services.opening import open_cart, written

if TYPE_CHECKING:
    from datetime import datetime

    from cart.selectors import CartOwner, PricedCart, PricedItem

PLACE_FIELDS = ("country", "region", "postal_code", "shipping_method", "currency", "language", "vat_id")


@transaction.atomic
def set_place(*, owner: CartOwner, now: datetime, version: int | None = None, **changes: str) -> PricedCart:
    """
    Say where the cart would go and how; from then on its totals include tax and shipping. Locks: the cart.

    A method that doesn't go to a new place is dropped, unless it is the one just asked for; the region and the
    postal code of another country are dropped too.

    :param changes: any of ``PLACE_FIELDS``.
    :param version: the cart's version that the shopper saw, when it must still be that.
    :raises NotFound: there is no open cart.
    :raises ShippingNotAvailable: the asked method doesn't go there.
    :raises CurrencyNotAvailable: the shop doesn't sell in that currency, or a line has no price in it.
    :raises PreconditionFailed: the cart has changed since. In each case nothing is changed.
    """
    cart = open_cart(owner, now=now, version=version)
    if changes.get("currency", cart.currency) not in settings.CURRENCIES:
        raise CurrencyNotAvailable(currency=changes["currency"])
    if cart.country and changes.get("country", cart.country) != cart.country:
        changes = {"region": "", "postal_code": "", **changes}
    if changes.get("currency", cart.currency) != cart.currency:
        # Prices in another currency were never seen.
        CartItem.objects.filter(cart_id=cart.pk).update(seen_price=None)
    # The rules loaded with the cart are those of its old place.
    Cart.objects.filter(pk=cart.pk).update(**changes)
    cart = open_cart(owner, now=now)
    priced = selectors.priced_cart(cart, now=now)
    if "currency" in changes and any(_is_unpriced(item) for item in priced.items):
        raise CurrencyNotAvailable(currency=changes["currency"])
    dropped: dict[str, Any] = {}
    if cart.shipping_method and cart.shipping_method not in {option.code for option in priced.options}:
        if changes.get("shipping_method"):
            raise ShippingNotAvailable
        dropped = {"shipping_method": ""}
    offers = {item.variant_id: item.offer for item in priced.items if item.offer}
    return written(cart, now=now, offers=offers, **dropped)


def _is_unpriced(item: PricedItem) -> bool:
    # What is gone can't be bought in any currency, so it stands in no other one's way.
    return item.offer is not None and item.offer.for_sale and item.offer.price is None
