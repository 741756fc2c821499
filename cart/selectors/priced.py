"""A cart with what it costs now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings

from cart import pricing
from cart.coupons import dropped
from cart.models import NO_CART, Cart
from cart.places import Place
from cart.requirements import Requirements, requirements_of
from cart.selectors.loading import CartOwner, load_cart
from cart.selectors.rules import customer_of, promotions_of
from cart.selectors.shipping import Parcel, ShippingOption, charged, options_among
from cart.tax import taxation_of
from products import selectors as products
from shop.core.money import payable_step, to_text

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
    # What it is charged at, where that isn't the price list's: a sale free of a tax that the list includes.
    charged: int | None = None

    @property
    def list_price(self) -> int | None:
        """What one unit costs in the catalogue, minor units, or None when it can't be bought."""
        return self.offer.price if self.offer and self.offer.for_sale else None

    @property
    def unit_price(self) -> int | None:
        """What one unit costs here, minor units, or None when it can't be bought."""
        return self.list_price if self.charged is None else self.charged


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
    tax_treatment: str = ""
    tax_rounding: str = ""
    vat_id: str = ""
    # The rows of the codes on it.
    codes: tuple[Mapping[str, Any], ...] = ()
    options: tuple[ShippingOption, ...] = ()
    changes: tuple[dict[str, Any], ...] = field(default=())
    # The name of the state that it is in.
    state: str = NO_CART

    @property
    def applied(self) -> tuple[pricing.Considered, ...]:
        """The promotions that apply, in their turn."""
        return tuple(one for one in self.totals.considered if one.applied)

    @property
    def coupons(self) -> list[str]:
        """The codes that apply, in the order in which they were put on the cart."""
        applied = {one.promotion.code for one in self.applied}
        return [code["code"] for code in self.codes if code["code"] in applied]

    @property
    def needs_shipping(self) -> bool:
        """Whether anything in it must be sent."""
        return any(item.offer and item.offer.requires_shipping for item in self.items)

    @property
    def requires(self) -> Requirements:
        """What has to be agreed to before it can be ordered."""
        return requirements_of(item.offer for item in self.sellable_items if item.offer)

    @property
    def sellable_items(self) -> tuple[PricedItem, ...]:
        """The lines that have a price, in the order of ``totals.lines``."""
        return tuple(item for item in self.items if item.unit_price is not None)


def read_cart(owner: CartOwner, *, now: datetime, place: Place | None = None) -> PricedCart | None:
    """
    Return the owner's open cart, priced, in two statements; nothing is written.

    :param place: where it would go, if not where it says itself.
    """
    cart = load_cart(owner, now=now, place=place)
    return None if cart is None else priced_cart(cart, now=now, place=place)


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
    step = payable_step(cart.currency)
    tax = taxation_of(cart.tax_rates, place=place, vat_id=cart.vat_id, step=step)
    items = tuple(_item(line, offers, tax) for line in cart.lines)
    lines = [_line(item) for item in items if item.unit_price is not None]
    parcel = _parcel(items, lines)
    known = options_among(cart.shipping_rates, postal_code=place.postal_code, parcel=parcel)
    options = charged(known, tax)
    sale = pricing.Sale(
        now=now, currency=cart.currency, promotions=promotions_of(cart), customer=customer_of(cart), step=step
    )
    needs_shipping = any(item.offer and item.offer.requires_shipping for item in items)
    shipping = next((one.charged for one in options if one.code == method), None) if needs_shipping else 0
    totals = pricing.price(lines, sale, tax=tax, shipping=shipping)
    return PricedCart(
        id=cart.pk,
        user_id=cart.user_id,
        version=cart.version,
        state=cart.state,
        currency=cart.currency,
        language=language,
        place=place,
        shipping_method=method,
        items=items,
        totals=totals,
        prices_include_tax=tax.prices_include_tax if tax else settings.PRICES_INCLUDE_TAX,
        tax_treatment=tax.treatment if tax else "",
        tax_rounding=tax.rounding if tax else "",
        vat_id=cart.vat_id,
        codes=tuple(cart.codes),
        options=tuple(options),
        changes=(*_changes(cart, items), *dropped(cart.codes, totals.considered, cart.currency)),
    )


def empty_cart(*, currency: str, language: str, now: datetime) -> PricedCart:
    """Return what somebody without a cart sees; nothing is written."""
    totals = pricing.price([], pricing.Sale(now=now, currency=currency))
    return PricedCart(
        id=None, user_id=None, version=0, currency=currency, language=language, place=Place(), shipping_method="",
        items=(), totals=totals, prices_include_tax=settings.PRICES_INCLUDE_TAX,
    )  # fmt: skip


def _item(line: Mapping[str, Any], offers: Mapping[int, Offer], tax: pricing.Taxation | None) -> PricedItem:
    offer = offers.get(line["variant"])
    item = PricedItem(
        # SQLite keeps a UUID without its dashes.
        id=str(UUID(line["id"])),
        variant_id=line["variant"],
        quantity=line["quantity"],
        seen_price=line["seen_price"],
        offer=offer,
    )
    if tax is None or offer is None or item.list_price is None:
        return item
    return replace(item, charged=tax.charged(item.list_price, offer.tax_class))


def _line(item: PricedItem) -> pricing.Line:
    assert item.offer is not None  # noqa: S101  (a price comes from an offer)
    return pricing.Line(
        key=item.id,
        unit_price=item.unit_price or 0,
        quantity=item.quantity,
        tax_class=item.offer.tax_class,
        product=item.offer.product_id,
        category=item.offer.category_path,
    )


def _parcel(items: tuple[PricedItem, ...], lines: list[pricing.Line]) -> Parcel:
    sent = [item for item in items if item.offer and item.offer.requires_shipping]
    weight = sum(item.offer.weight_grams * item.quantity for item in sent if item.offer)
    return Parcel(subtotal=sum(line.total for line in lines), weight=weight)


def _changes(cart: Cart, items: tuple[PricedItem, ...]) -> list[dict[str, Any]]:
    """Return what is different since the shopper's last write, with old and new values."""
    changes = list(cart.notices)
    for item in items:
        price, seen = item.list_price, item.seen_price
        if price is None:
            changes.append(_change("gone", item, _text(seen, cart.currency), None))
            continue
        if seen is not None and price != seen:
            code = "price_up" if price > seen else "price_down"
            changes.append(_change(code, item, _text(seen, cart.currency), to_text(price, cart.currency)))
        sellable = item.offer.sellable if item.offer else None
        if sellable is not None and sellable < item.quantity:
            changes.append(_change("stock_short", item, item.quantity, sellable))
    return changes


def _change(code: str, item: PricedItem, old: Any, new: Any) -> dict[str, Any]:
    return {"code": code, "item": item.id, "old": old, "new": new}


def _text(minor: int | None, currency: str) -> str | None:
    return None if minor is None else to_text(minor, currency)
