"""Putting codes on a cart and taking them off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.forms.models import model_to_dict

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
    cart = open_cart(owner, version=version)
    coupon = Coupon.objects.filter(code__iexact=code).first()
    if coupon is None:
        raise CouponInvalid
    facts = {**model_to_dict(coupon), "id": coupon.pk}
    subtotal = selectors.priced_cart(cart, now=now).totals.subtotal
    if error := refusal(facts, subtotal=subtotal, currency=cart.currency, now=now):
        raise error
    if coupon.pk not in {known["id"] for known in cart.codes}:
        CartCoupon.objects.create(cart_id=cart.pk, coupon=coupon)
        cart.codes.append(facts)
    return written(cart, now=now)


@transaction.atomic
def remove_coupon(*, owner: CartOwner, code: str, now: datetime, version: int | None = None) -> PricedCart:
    """
    Take a code off the owner's cart. Locks: the cart.

    :param version: the cart's version that the shopper saw, when it must still be that.
    :raises NotFound: there is no open cart, or the code isn't on it.
    :raises PreconditionFailed: the cart has changed since.
    """
    cart = open_cart(owner, version=version)
    found = next((known for known in cart.codes if known["code"].casefold() == code.casefold()), None)
    if found is None:
        raise NotFound
    CartCoupon.objects.filter(cart_id=cart.pk, coupon=found["id"]).delete()
    cart.codes.remove(found)
    return written(cart, now=now)
