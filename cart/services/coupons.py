"""Putting codes on a cart and taking them off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cart import selectors
from cart.coupons import refusal
from cart.errors import CouponInvalid
from cart.models import CartCoupon, Coupon
from cart.services.opening import open_cart, written
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from cart.selectors import CartOwner, PricedCart


@transaction.atomic
def add_coupon(*, owner: CartOwner, code: str, now: datetime, version: int | None = None) -> PricedCart:
    """
    Put a code on the owner's cart; the same one again changes nothing. Locks: the cart.

    :param version: the cart's version that the shopper saw, when it must still be that.
    :raises NotFound: there is no open cart.
    :raises PreconditionFailed: the cart has changed since.
    :raises CouponInvalid: there is no such code.
    :raises CouponExpired, CouponUsedUp, CouponNotApplicable: why it doesn't apply. Nothing is changed.
    """
    cart = open_cart(owner, now=now, version=version)
    coupon = Coupon.objects.filter(code=code.strip().upper()).first()
    if coupon is None:
        raise CouponInvalid
    if coupon.pk not in {known["id"] for known in cart.codes}:
        CartCoupon.objects.create(cart_id=cart.pk, coupon=coupon)
        # Its promotion comes with the cart.
        cart = open_cart(owner, now=now)
    priced = selectors.priced_cart(cart, now=now)
    if error := refusal(coupon.code, priced):
        raise error
    offers = {item.variant_id: item.offer for item in priced.items if item.offer}
    return written(cart, now=now, offers=offers)


@transaction.atomic
def remove_coupon(*, owner: CartOwner, code: str, now: datetime, version: int | None = None) -> PricedCart:
    """
    Take a code off the owner's cart. Locks: the cart.

    :param version: the cart's version that the shopper saw, when it must still be that.
    :raises NotFound: there is no open cart, or the code isn't on it.
    :raises PreconditionFailed: the cart has changed since.
    """
    cart = open_cart(owner, now=now, version=version)
    found = next((known for known in cart.codes if known["code"] == code.strip().upper()), None)
    if found is None:
        raise NotFound
    CartCoupon.objects.filter(cart_id=cart.pk, coupon=found["id"]).delete()
    cart.codes.remove(found)
    return written(cart, now=now)
