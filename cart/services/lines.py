"""Adding, changing and removing what is in a cart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from cart.errors import CartFull, CartInAnotherCurrency, CurrencyNotAvailable
from cart.models import MAX_LINES, MAX_QUANTITY, CartItem
from cart.services.opening import open_cart, open_or_new_cart, written
from products import selectors as products
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cart.selectors import CartOwner, PricedCart, Shopper


@transaction.atomic
def add_item(
    *, shopper: Shopper, choice: products.Choice, quantity: int, now: datetime, seen: str | None = None
) -> PricedCart:
    """
    Put units of a variant into the shopper's cart, which is opened when there is none; the same variant adds up.

    A cart that is open keeps its currency: its prices never change because something is put in. Locks: the cart.

    :param quantity: whole units, at least 1.
    :param seen: the name of the state that the shopper saw, when the cart must still be in it.
    :raises ValidationFailed: there is no such variant for sale.
    :raises VariantRequired: a product is chosen that has several.
    :raises CurrencyNotAvailable: it has no price in the cart's currency, the shop doesn't sell in the one that the
        shopper chose, or the cart is open in another.
    :raises CartFull: that would be too many lines or units.
    :raises PreconditionFailed: the cart has changed since. In each case nothing is changed.
    """
    if shopper.currency_chosen and shopper.currency not in settings.CURRENCIES:
        raise CurrencyNotAvailable(currency=shopper.currency)
    cart = open_or_new_cart(shopper, now=now, seen=seen)
    if shopper.currency_chosen and shopper.currency != cart.currency:
        raise CartInAnotherCurrency(currency=shopper.currency, cart_currency=cart.currency)
    offer = products.offer_for(choice, currency=cart.currency, now=now, language=cart.language)
    if offer.price is None:
        raise CurrencyNotAvailable(currency=cart.currency)
    _put(cart, offer.variant_id, quantity, seen_price=offer.price)
    return written(cart, now=now, offers={offer.variant_id: offer})


@transaction.atomic
def add_quantities(*, shopper: Shopper, quantities: Mapping[int, int], now: datetime) -> PricedCart:
    """
    Put several variants into the shopper's cart, as far as they can still be bought.

    What is gone or doesn't fit is left out and stands in ``changes``. Locks: the cart.

    :param quantities: variant id to whole units.
    """
    cart = open_or_new_cart(shopper, now=now)
    offers = products.offers_in(quantities, currency=cart.currency, now=now, language=cart.language)
    notices: list[dict[str, Any]] = []
    for variant_id, quantity in quantities.items():
        offer = offers.get(variant_id)
        if offer is None or not offer.for_sale or offer.price is None:
            notices.append({"code": "gone", "item": None, "old": offer.sku if offer else None, "new": None})
            continue
        try:
            _put(cart, variant_id, quantity, seen_price=offer.price)
        except CartFull:
            notices.append({"code": "cut", "item": None, "old": quantity, "new": 0})
    return written(cart, now=now, offers=offers, notices=notices)


@transaction.atomic
def set_quantity(
    *, owner: CartOwner, item_id: UUID, quantity: int, now: datetime, seen: str | None = None
) -> PricedCart:
    """
    Set how many units a line has; 0 removes it. Locks: the cart.

    :param seen: the name of the state that the shopper saw, when the cart must still be in it.
    :raises NotFound: the owner's cart has no such line.
    :raises PreconditionFailed: the cart has changed since. In each case nothing is changed.
    """
    cart = open_cart(owner, now=now, seen=seen)
    line = next((line for line in cart.lines if UUID(line["id"]) == item_id), None)
    if line is None:
        raise NotFound
    if quantity:
        CartItem.objects.filter(pk=item_id).update(quantity=quantity)
        line["quantity"] = quantity
    else:
        CartItem.objects.filter(pk=item_id).delete()
        cart.lines.remove(line)
    return written(cart, now=now)


@transaction.atomic
def clear(*, owner: CartOwner, now: datetime, seen: str | None = None) -> PricedCart:
    """
    Take everything out of the owner's cart, coupons too. Locks: the cart.

    :param seen: the name of the state that the shopper saw, when the cart must still be in it.
    :raises NotFound: there is no open cart.
    :raises PreconditionFailed: the cart has changed since. In each case nothing is changed.
    """
    cart = open_cart(owner, now=now, seen=seen)
    cart.items.all().delete()
    cart.coupons.all().delete()
    cart.lines, cart.codes = [], []
    return written(cart, now=now)


def _put(cart: Any, variant_id: int, quantity: int, *, seen_price: int) -> None:
    """Add units to a locked cart, in the database and in the loaded lines."""
    line = next((line for line in cart.lines if line["variant"] == variant_id), None)
    units = quantity + (line["quantity"] if line else 0)
    if units > MAX_QUANTITY or (line is None and len(cart.lines) >= MAX_LINES):
        raise CartFull(max_lines=MAX_LINES, max_quantity=MAX_QUANTITY)
    if line is not None:
        CartItem.objects.filter(pk=UUID(line["id"])).update(quantity=units)
        line["quantity"] = units
        return
    item = CartItem.objects.create(
        cart_id=cart.pk, variant_id=variant_id, quantity=units, seen_price=seen_price
    )
    cart.lines.append(
        {"id": str(item.pk), "variant": variant_id, "quantity": units, "seen_price": seen_price}
    )
