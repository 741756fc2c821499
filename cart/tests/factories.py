"""Carts and what they need to be priced, for tests of this app and of others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cart import services
from cart.models import (
    Cart,
    Coupon,
    Promotion,
    Redemption,
    ShippingMethod,
    ShippingRate,
    ShippingZone,
    TaxRate,
    ZoneArea,
)
from cart.selectors import CartOwner, PricedCart, Shopper
from products.models import Variant
from products.selectors import Choice
from products.tests import factories as products
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
    rate_to(made, country, amount=shipping)


def zone(country: str = "DE", postal_pattern: str = "", region: str = "") -> ShippingZone:
    """Return the zone of one area, made when there is none."""
    made, new = ShippingZone.objects.get_or_create(name=f"{country} {region} {postal_pattern}".strip())
    if new:
        ZoneArea.objects.create(zone=made, country=country, region=region, postal_pattern=postal_pattern)
    return made


def rate_to(
    method: ShippingMethod, country: str = "DE", postal_pattern: str = "", region: str = "", **values: Any
) -> ShippingRate:
    """Return what a method costs to an area: 4.90 in one to three days, unless said otherwise."""
    usual = {"currency": "EUR", "amount": 490, "min_days": 1, "max_days": 3}
    return ShippingRate.objects.create(
        method=method, zone=zone(country, postal_pattern, region), **usual | values
    )


def coupon(code: str = "TEN", **values: Any) -> Coupon:
    """Return a code for a promotion of its own: ten per cent, unless said otherwise."""
    own = {name: values.pop(name) for name in ("customer", "batch") if name in values}
    made = promotion(**{"name": code, "needs_code": True} | values)
    return Coupon.objects.create(promotion=made, code=code, **own)


def promotion(**values: Any) -> Promotion:
    """Return a promotion that needs no code: ten per cent, unless said otherwise; scopes are given as lists."""
    usual = {"name": "Autumn", "kind": "percent", "value": 100_000, "currency": "EUR", "needs_code": False}
    scopes = {name: values.pop(name) for name in ("products", "categories", "groups") if name in values}
    made = Promotion.objects.create(**usual | values)
    for name, rows in scopes.items():
        getattr(made, name).set(rows)
    return made


def used(promotion: Promotion, code: Coupon | None = None) -> Redemption:
    """Return a use of 1.99 by a new guest's cart, as an order of it holds it."""
    who = shopper()
    filled(who, products.variant())
    cart = Cart.objects.get(token_hash=who.owner.token_hash)
    return Redemption.objects.create(promotion=promotion, coupon=code, cart=cart, amount=199, created_at=NOW)


def filled(who: Shopper, *variants: Variant, quantity: int = 1, now: datetime = NOW) -> PricedCart:
    """Return the shopper's cart with these variants in it."""
    for variant in variants:
        cart = services.add_item(shopper=who, choice=Choice(variant=variant.pk), quantity=quantity, now=now)
    return cart


def bound_for(who: Shopper, country: str = "DE", method: str = "standard", now: datetime = NOW) -> PricedCart:
    """Return the shopper's cart once it says where it goes."""
    return services.set_place(owner=who.owner, country=country, shipping_method=method, now=now)
