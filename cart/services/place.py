"""Where a cart goes, how, and in which currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from cart import selectors
from cart.errors import CurrencyNotAvailable, ShippingNotAvailable
from cart.models import Cart
from cart.services.opening import open_cart, written

if TYPE_CHECKING:
    from datetime import datetime

    from cart.selectors import CartOwner, PricedCart

PLACE_FIELDS = ("country", "region", "postal_code", "shipping_method", "currency", "language", "vat_id")


@transaction.atomic
def set_place(*, owner: CartOwner, now: datetime, version: int | None = None, **changes: str) -> PricedCart:
    """
    Say where the cart would go and how; from then on its totals include tax and shipping. Locks: the cart.

    A method that doesn't go to a new place is dropped, unless it is the one just asked for.

    :param changes: any of ``PLACE_FIELDS``.
    :param version: the cart's version that the shopper saw, when it must still be that.
    :raises NotFound: there is no open cart.
    :raises ShippingNotAvailable: the asked method doesn't go there.
    :raises CurrencyNotAvailable: the shop doesn't sell in that currency, or a line has no price in it.
    :raises PreconditionFailed: the cart has changed since. In each case nothing is changed.
    """
    cart = open_cart(owner, version=version)
    if changes.get("currency", cart.currency) not in settings.CURRENCIES:
        raise CurrencyNotAvailable(currency=changes["currency"])
    # The rules loaded with the cart are those of its old place.
    Cart.objects.filter(pk=cart.pk).update(**changes)
    cart = open_cart(owner)
    codes = {rate["code"] for rate in cart.shipping_rates}
    if "shipping_method" in changes:
        asked = changes["shipping_method"]
        priced = selectors.priced_cart(cart, now=now)
        if asked and asked not in {option.code for option in priced.options}:
            raise ShippingNotAvailable
    dropped = {"shipping_method": ""} if cart.shipping_method and cart.shipping_method not in codes else {}
    seen = written(cart, now=now, **dropped)
    if "currency" in changes and any(item.unit_price is None for item in seen.items):
        raise CurrencyNotAvailable(currency=changes["currency"])
    return seen
