"""Carts and what they need to be priced, for tests of this app and of others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cart import services
from cart.models import Coupon, ShippingMethod, ShippingRate, TaxRate
from cart.selectors import CartOwner, PricedCart, Shopper
from products.models import Variant
from products.selectors import Choice
from products.tests.factories import NOW
from shop.core.ids import new_token


def shopper(user: Any = None, token: str | None = None) -> Shopper:
    """Return a customer, or a guest with a new token."""
    owner = CartOwner.of(user_id=user.pk if user else None, token=token or new_token())
    return Shopper(owner=owner, currency="EUR", language="en")


def selling(
    country: str = "DE", *, rate: int = 190_000, shipping: int = 490, method: str = "standard"
) -> None:
    """Let the shop sell to a country: one tax rate on goods and shipping, one method at 4.90."""
    TaxRate.objects.create(name="VAT", country=country, rate=rate, on_shipping=True)
    made, _ = ShippingMethod.objects.get_or_create(code=method, defaults={"name": method.title()})
    ShippingRate.objects.create(
        method=made, country=country, currency="EUR", amount=shipping, min_days=1, max_days=3
    )


def coupon(code: str = "TEN", **values: Any) -> Coupon:
    """Return a coupon of ten per cent, unless said otherwise."""
    return Coupon.objects.create(
        code=code, **{"name": code, "kind": "percent", "value": 100_000, "currency": "EUR"} | values
    )


def filled(who: Shopper, *variants: Variant, quantity: int = 1, now: datetime = NOW) -> PricedCart:
    """Return the shopper's cart with these variants in it."""
    for variant in variants:
        cart = services.add_item(shopper=who, choice=Choice(variant=variant.pk), quantity=quantity, now=now)
    return cart


def bound_for(who: Shopper, country: str = "DE", method: str = "standard", now: datetime = NOW) -> PricedCart:
    """Return the shopper's cart once it says where it goes."""
    return services.set_place(owner=who.owner, country=country, shipping_method=method, now=now)
