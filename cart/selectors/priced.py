"""A cart with what it costs now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings

from cart import pricing
from cart.coupons import refusal
from cart.models import Cart
from cart.selectors.loading import CartOwner, Place, load_cart
from cart.selectors.shipping import ShippingOption, options_among
from products import selectors as products
from shop.core.money import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from products.selectors.offers import Offer


@dataclass(frozen=True, kw_only=True)
class PricedItem:
    """A line of the cart; what is gone has no price and counts for nothing."""

    id: str
    variant_id: int
    quantity: int
    seen_price: int | None
    offer: Offer | None

    @property
    def unit_price(self) -> int | None:
        """What one unit costs now, minor units, or None when it can't be bought."""
        return self.offer.price if self.offer and self.offer.for_sale else None


@dataclass(frozen=True, kw_only=True)
class PricedCart:
    """A cart and its totals, all from the catalogue as it is now."""

    id: UUID | None
    user_id: UUID | None
    version: int
    currency: str
    language: str
    place: Place
    shipping_method: str
    items: tuple[PricedItem, ...]
    totals: pricing.Totals
    prices_include_tax: bool
    coupons: tuple[Mapping[str, Any], ...] = ()
    options: tuple[ShippingOption, ...] = ()
    changes: tuple[dict[str, Any], ...] = field(default=())

    @property
    def needs_shipping(self) -> bool:
        """Whether anything in it must be sent."""
        return any(item.offer and item.offer.requires_shipping for item in self.items)

    @property
    def sellable_items(self) -> tuple[PricedItem, ...]:
        """The lines that have a price, in the order of ``totals.lines``."""
        return tuple(item for item in self.items if item.unit_price is not None)


def read_cart(owner: CartOwner, *, now: datetime) -> PricedCart | None:
    """Return the owner's open cart, priced, in two statements; nothing is written."""
    cart = load_cart(owner)
    return None if cart is None else priced_cart(cart, now=now)


def priced_cart(
    cart: Any,
    *,
    now: datetime,
    place: Place | None = None,
    method: str | None = None,
    language: str = "",
    offers: Mapping[int, Offer] | None = None,
) -> PricedCart:
    """
    Price a cart that ``load_cart`` returned; one statement for the offers, none when all are given.

    :param place: the place whose rules were loaded, where it isn't the cart's own.
    :param method: the shipping method, where it isn't the cart's own.
    :param language: in which the lines are named, where it isn't the cart's own.
    """
    place = place or Place(country=cart.country, region=cart.region, postal_code=cart.postal_code)
    method = cart.shipping_method if method is None else method
    language = language or cart.language
    offers = dict(offers or {})
    unknown = {line["variant"] for line in cart.lines} - set(offers)
    if unknown:
        offers |= products.offers_in(unknown, currency=cart.currency, now=now, language=language)
    items = tuple(_item(line, offers) for line in cart.lines)
    lines = [_line(item) for item in items if item.unit_price is not None]
    subtotal = sum(line.total for line in lines)
    options = options_among(cart.shipping_rates, postal_code=place.postal_code, subtotal=subtotal)
    applied, dropped = _coupons(cart, subtotal=subtotal, now=now)
    needs_shipping = any(item.offer and item.offer.requires_shipping for item in items)
    totals = pricing.price(
        lines,
        discounts=[pricing.Discount(code=c["code"], kind=c["kind"], value=c["value"]) for c in applied],
        tax=_tax_rules(cart.tax_rates) if place.country else None,
        shipping=_shipping(options, method) if needs_shipping else 0,
    )
    return PricedCart(
        id=cart.pk,
        user_id=cart.user_id,
        version=cart.version,
        currency=cart.currency,
        language=language,
        place=place,
        shipping_method=method,
        items=items,
        totals=totals,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
        coupons=tuple(applied),
        options=tuple(options),
        changes=tuple(_changes(cart, items, dropped)),
    )


def empty_cart(*, currency: str, language: str) -> PricedCart:
    """Return what somebody without a cart sees; nothing is written."""
    totals = pricing.price([], tax=None, shipping=None)
    return PricedCart(
        id=None, user_id=None, version=0, currency=currency, language=language, place=Place(), shipping_method="",
        items=(), totals=totals, prices_include_tax=settings.PRICES_INCLUDE_TAX,
    )  # fmt: skip


def _item(line: Mapping[str, Any], offers: Mapping[int, Offer]) -> PricedItem:
    return PricedItem(
        # SQLite keeps a UUID without its dashes.
        id=str(UUID(line["id"])),
        variant_id=line["variant"],
        quantity=line["quantity"],
        seen_price=line["seen_price"],
        offer=offers.get(line["variant"]),
    )


def _line(item: PricedItem) -> pricing.Line:
    assert item.offer is not None  # noqa: S101  (a price comes from an offer)
    return pricing.Line(
        key=item.id, unit_price=item.offer.price or 0, quantity=item.quantity, tax_class=item.offer.tax_class
    )


def _tax_rules(rates: list[Mapping[str, Any]]) -> pricing.TaxRules:
    """Return the rules; rates of a region come after the country's and replace them."""
    by_class = {rate["tax_class"]: pricing.Tax(name=rate["name"], rate=rate["rate"]) for rate in rates}
    shipping = [pricing.Tax(name=rate["name"], rate=rate["rate"]) for rate in rates if rate["on_shipping"]]
    return pricing.TaxRules(
        by_class=by_class,
        shipping=shipping[-1] if shipping else pricing.NO_TAX,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
    )


def _shipping(options: list[ShippingOption], method: str) -> int | None:
    return next((option.amount for option in options if option.code == method), None)


def _coupons(cart: Any, *, subtotal: int, now: datetime) -> tuple[list[Any], list[Any]]:
    applied: list[Any] = []
    dropped: list[Any] = []
    for coupon in cart.codes:
        fits = refusal(coupon, subtotal=subtotal, currency=cart.currency, now=now) is None
        (applied if fits else dropped).append(coupon)
    return applied, dropped


def _changes(cart: Cart, items: tuple[PricedItem, ...], dropped: list[Any]) -> list[dict[str, Any]]:
    """Return what is different since the shopper's last write, with old and new values."""
    changes = list(cart.notices)
    for item in items:
        price, seen = item.unit_price, item.seen_price
        if price is None:
            changes.append(_change("gone", item, _text(seen, cart.currency), None))
            continue
        if seen is not None and price != seen:
            code = "price_up" if price > seen else "price_down"
            changes.append(_change(code, item, _text(seen, cart.currency), to_text(price, cart.currency)))
        sellable = item.offer.sellable if item.offer else None
        if sellable is not None and sellable < item.quantity:
            changes.append(_change("stock_short", item, item.quantity, sellable))
    changes.extend({"code": "coupon_dropped", "item": None, "old": c["code"], "new": None} for c in dropped)
    return changes


def _change(code: str, item: PricedItem, old: Any, new: Any) -> dict[str, Any]:
    return {"code": code, "item": item.id, "old": old, "new": new}


def _text(minor: int | None, currency: str) -> str | None:
    return None if minor is None else to_text(minor, currency)
