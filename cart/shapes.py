"""How a cart looks to a client: plain functions, so that a refusal can carry it as well as an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cart.wording import sentence
from shop.core.money import rate_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cart.pricing import Considered, Reason
    from cart.selectors.priced import PricedCart, PricedItem
    from cart.selectors.shipping import ShippingOption


def cart_json(cart: PricedCart) -> dict[str, Any]:
    """Return the cart as the contract shapes it; unknown parts are null."""
    totals, currency = cart.totals, cart.currency

    def text(minor: int | None) -> str | None:
        return None if minor is None else to_text(minor, currency)

    return {
        "id": cart.id,
        "items": [item_json(item, currency) for item in cart.items],
        "coupons": cart.coupons,
        "discounts": [discount_json(one, currency) for one in cart.applied],
        "country": cart.place.country or None,
        "region": cart.place.region or None,
        "postal_code": cart.place.postal_code or None,
        "shipping_method": cart.shipping_method or None,
        "subtotal": text(totals.subtotal),
        "discount_total": text(totals.discount),
        "shipping_total": text(totals.shipping),
        "tax_total": text(totals.tax),
        "tax_added": text(totals.tax_added),
        "tax_treatment": cart.tax_treatment or None,
        "vat_id": cart.vat_id or None,
        "prices_include_tax": cart.prices_include_tax,
        "tax_lines": tax_lines_json(totals.tax_lines, currency),
        "total": text(totals.total),
        "currency": currency,
        "item_count": sum(item.quantity for item in cart.items),
        "changes": list(cart.changes),
        "requires": {"terms": cart.requires.terms or None, "minimum_age": cart.requires.minimum_age},
    }


def methods_json(options: Iterable[ShippingOption], currency: str) -> list[dict[str, Any]]:
    """Return the ways to send a cart, with what each would be charged at."""
    return [
        {
            "code": option.code,
            "name": option.name,
            "price": to_text(option.charged, currency),
            "currency": currency,
            "min_days": option.min_days,
            "max_days": option.max_days,
        }
        for option in options
    ]


def item_json(item: PricedItem, currency: str) -> dict[str, Any]:
    """Return a line; what is gone has no price."""
    offer, price = item.offer, item.unit_price
    return {
        "id": item.id,
        "product": offer.product_id if offer else None,
        "variant": item.variant_id,
        "sku": offer.sku if offer else None,
        "name": offer.name if offer else None,
        "options": offer.options if offer else {},
        "image": offer.image if offer else None,
        "quantity": item.quantity,
        "unit_price": None if price is None else to_text(price, currency),
        "line_total": None if price is None else to_text(price * item.quantity, currency),
        "available": offer.available if offer and offer.for_sale else 0,
    }


def discount_json(one: Considered, currency: str) -> dict[str, Any]:
    """Return a promotion that applies, with what it takes off."""
    promotion = one.promotion
    return {"name": promotion.name, "code": promotion.code or None, "amount": to_text(one.amount, currency)}


def reason_json(reason: Reason, currency: str) -> dict[str, Any]:
    """Return why a promotion doesn't apply: the rule, a sentence, and where it has them what is needed and missing."""
    said: dict[str, Any] = {"rule": reason.rule}
    for name in ("needed", "missing"):
        value = getattr(reason, name)
        if value is not None:
            said[name] = to_text(value, currency) if reason.money else value
    said["detail"] = sentence(reason, currency)
    return said


def tax_lines_json(lines: Any, currency: str) -> list[dict[str, Any]]:
    """Return the tax table; ``rate`` is a fraction: ``0.19`` for 19 %."""
    return [
        {
            "name": line.name,
            "rate": rate_text(line.rate),
            "taxable": to_text(line.taxable, currency),
            "amount": to_text(line.amount, currency),
        }
        for line in lines
    ]
