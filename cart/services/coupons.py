"""Putting codes on a cart and taking them off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cart import selectors
from cart.coupons import MAX_CODES, is_theirs, not_applicable, refusal
from cart.errors import CouponInvalid
from cart.models import CartCoupon, Coupon
from cart.pricing import Reason
from cart.selectors.loading import CODE_FIELDS
from cart.services.opening import open_cart, written
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from cart.selectors import CartOwner, PricedCart


@transaction.atomic
def add_coupon(*, owner: CartOwner, code: str, now: datetime, seen: str | None = None) -> PricedCart:
    """
    Put a code on the owner's cart; the same one again changes nothing. Locks: the cart.

    :param seen: the name of the state that the shopper saw, when the cart must still be in it.
    :raises NotFound: there is no open cart.
    :raises PreconditionFailed: the cart has changed since.
    :raises CouponInvalid: there is no such code, or it is switched off or somebody else's: all look alike.
    :raises CouponExpired, CouponUsedUp, CouponNotApplicable: why it doesn't apply. Nothing is changed.
    """
    cart = open_cart(owner, now=now, seen=seen)
    coupon = (
        Coupon.objects.filter(code=code.strip().upper(), promotion__is_active=True)
        .values(*CODE_FIELDS)
        .first()
    )
    if coupon is None or not is_theirs(coupon, cart.user_id):
        raise CouponInvalid
    if coupon["id"] not in {known["id"] for known in cart.codes}:
        if len(cart.codes) >= MAX_CODES:
            raise not_applicable(Reason(rule="too_many", needed=MAX_CODES), currency=cart.currency)
        CartCoupon.objects.create(cart_id=cart.pk, coupon_id=coupon["id"])
        # Its promotion comes with the cart.
        cart = open_cart(owner, now=now)
    priced = selectors.priced_cart(cart, now=now)
    if error := refusal(coupon, priced.totals.considered, priced.currency):
        raise error
    offers = {item.variant_id: item.offer for item in priced.items if item.offer}
    return written(cart, now=now, offers=offers)


@transaction.atomic
def remove_coupon(*, owner: CartOwner, code: str, now: datetime, seen: str | None = None) -> PricedCart:
    """
    Take a code off the owner's cart. Locks: the cart.

    :param seen: the name of the state that the shopper saw, when the cart must still be in it.
    :raises NotFound: there is no open cart, or the code isn't on it.
    :raises PreconditionFailed: the cart has changed since.
    """
    cart = open_cart(owner, now=now, seen=seen)
    found = next((known for known in cart.codes if known["code"] == code.strip().upper()), None)
    if found is None:
        raise NotFound
    CartCoupon.objects.filter(cart_id=cart.pk, coupon=found["id"]).delete()
    cart.codes.remove(found)
    return written(cart, now=now)
