"""Where a cart goes, how, and in which currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from cart import selectors
from cart.errors import CurrencyNotAvailable, ShippingNotAvailable
from cart.models import Cart, CartItem
from cart.services.opening import open_cart, written
from cart.tax import normalised_vat_id
from products import selectors as products

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cart.selectors import CartOwner, PricedCart, PricedItem

PLACE_FIELDS = ("country", "region", "postal_code", "shipping_method", "currency", "language", "vat_id")


@transaction.atomic
def set_place(*, owner: CartOwner, now: datetime, seen: str | None = None, **changes: Any) -> PricedCart:
    """
    Say where the cart would go and how; from then on its totals include tax and shipping. Locks: the cart.

    A method that doesn't go to a new place is dropped, unless it is the one just asked for; the region and the
    postal code of another country are dropped too. A cart whose currency nobody chose takes that of its country,
    where all that is for sale in it has a price in it.

    :param changes: any of ``PLACE_FIELDS``; a VAT id may be written as people write it.
    :param seen: the name of the state that the shopper saw, when the cart must still be in it.
    :raises NotFound: there is no open cart.
    :raises ValidationFailed: the VAT id can't be one.
    :raises ShippingNotAvailable: the asked method doesn't go there.
    :raises CurrencyNotAvailable: the shop doesn't sell in that currency, or a line has no price in it.
    :raises PreconditionFailed: the cart has changed since. In each case nothing is changed.
    """
    if "vat_id" in changes:
        changes["vat_id"] = normalised_vat_id(changes["vat_id"])
    cart = open_cart(owner, now=now, seen=seen)
    changes = {**changes, **_currency_by(cart, changes, now=now)}
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


def _currency_by(cart: Any, changes: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """Return the currency that a cart gets by these changes, and whether the shopper chose it."""
    if "currency" in changes:
        if changes["currency"] not in settings.CURRENCIES:
            raise CurrencyNotAvailable(currency=changes["currency"])
        return {"currency": changes["currency"], "currency_chosen": True}
    if "country" not in changes or cart.currency_chosen or not settings.COUNTRY_CURRENCIES:
        return {}
    # A country that isn't named pays as the shop counts; else a cart would keep that of where it went before.
    currency = settings.COUNTRY_CURRENCIES.get(changes["country"], settings.BASE_CURRENCY)
    if currency == cart.currency or not _is_sold_in(currency, cart, now=now):
        return {}
    return {"currency": currency}


def _is_sold_in(currency: str, cart: Any, *, now: datetime) -> bool:
    """Tell whether all of a cart that is for sale has a price in a currency."""
    variants = [line["variant"] for line in cart.lines]
    if not variants:
        return True
    offers = products.offers_in(variants, currency=currency, now=now, language=cart.language)
    return all(offer.price is not None for offer in offers.values() if offer.for_sale)


def _is_unpriced(item: PricedItem) -> bool:
    # What is gone can't be bought in any currency, so it stands in no other one's way.
    return item.offer is not None and item.offer.for_sale and item.offer.price is None
