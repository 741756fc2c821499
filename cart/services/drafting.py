"""A cart of its own for an order that staff place for somebody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings

from cart.errors import CartFull, CurrencyNotAvailable
from cart.models import MAX_LINES, MAX_QUANTITY, Cart, CartItem
from cart.selectors import Place
from cart.services.coupons import add_coupon
from cart.tax import normalised_vat_id
from products import selectors as products
from shop.core.errors import FieldError, ValidationFailed
from shop.core.transactions import require_transaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cart.selectors import CartOwner, Shopper


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """What staff put into such a cart, where it goes, and how; units of each choice are whole and at least 1."""

    items: Sequence[tuple[products.Choice, int]]
    place: Place
    coupons: Sequence[str] = ()
    shipping_method: str = ""
    vat_id: str = ""


def draw_up(*, shopper: Shopper, said: Drafted, now: datetime) -> CartOwner:
    """
    Fill a cart beside the shopper's own, in the caller's transaction, and return the owner that names it.

    What is chosen twice adds up; a constant number of statements beside those of the coupons.

    :param shopper: whose prices, groups and codes count; of a guest the token names nothing else.
    :raises ValidationFailed: something isn't for sale, by its place in ``items``, or the VAT id can't be one.
    :raises CurrencyNotAvailable: the shop doesn't sell in that currency, or something has no price in it.
    :raises CartFull: that would be too many lines or units.
    :raises CouponInvalid, CouponExpired, CouponUsedUp, CouponNotApplicable: as for ``add_coupon``.
    """
    require_transaction("draw_up()")
    if shopper.currency not in settings.CURRENCIES:
        raise CurrencyNotAvailable(currency=shopper.currency)
    prices = _prices(shopper, said, now=now)
    units: Counter[int] = Counter()
    for (variant_id, _), (_, quantity) in zip(prices, said.items, strict=True):
        units[variant_id] += quantity
    if len(units) > MAX_LINES or max(units.values(), default=0) > MAX_QUANTITY:
        raise CartFull(max_lines=MAX_LINES, max_quantity=MAX_QUANTITY)
    cart = Cart.objects.create(
        user_id=shopper.owner.user_id,
        token_hash="" if shopper.owner.user_id else shopper.owner.token_hash,
        by_staff=True,
        currency=shopper.currency,
        currency_chosen=True,
        language=shopper.language,
        country=said.place.country,
        region=said.place.region,
        postal_code=said.place.postal_code,
        shipping_method=said.shipping_method,
        vat_id=normalised_vat_id(said.vat_id),
        created_at=now,
        updated_at=now,
    )
    seen = dict(prices)
    CartItem.objects.bulk_create(
        CartItem(cart=cart, variant_id=pk, quantity=quantity, seen_price=seen[pk])
        for pk, quantity in units.items()
    )
    owner = replace(shopper.owner, cart_id=cart.pk)
    for code in said.coupons:
        add_coupon(owner=owner, code=code, now=now)
    return owner


def _prices(shopper: Shopper, said: Drafted, *, now: datetime) -> list[tuple[int, int]]:
    """Return the variant and its price for each item, or refuse them all."""
    choices = [choice for choice, _ in said.items]
    offers = products.offers_for(choices, currency=shopper.currency, now=now, language=shopper.language)
    missing = [
        FieldError(
            f"items.{number}.{'sku' if choice.sku is not None else 'variant'}",
            "does_not_exist",
            "This does not exist.",
        )
        for number, (choice, offer) in enumerate(zip(choices, offers, strict=True))
        if offer is None
    ]
    if missing:
        raise ValidationFailed(*missing)
    found = [(offer.variant_id, offer.price) for offer in offers if offer is not None]
    priced = [(pk, price) for pk, price in found if price is not None]
    if len(priced) < len(found):
        raise CurrencyNotAvailable(currency=shopper.currency)
    return priced
