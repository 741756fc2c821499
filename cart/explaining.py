"""Where every cent of a cart comes from, and what became of every promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cart.shapes import reason_json
from shop.core.money import rate_text, to_text

if TYPE_CHECKING:
    from cart.pricing import Considered, PricedLine
    from cart.selectors.priced import PricedCart, PricedItem

# What a shopper can do nothing about is nobody's business: whom the shop has groups for, what it plans.
_NOT_TOLD = frozenset({"inactive", "not_yet", "customer_group"})


def explanation_json(cart: PricedCart) -> dict[str, Any]:
    """
    Return the cart's arithmetic: what a line and the shipping are made of, how they add up, every promotion.

    The steps of a line sum to its ``total``, and the steps of ``totals`` to the cart's; a tax that prices include is
    told beside them, for it is in them already.
    """
    lines = zip(cart.sellable_items, cart.totals.lines, strict=True)
    return {
        "items": [_line_json(cart, item, line) for item, line in lines],
        "shipping": _shipping_json(cart),
        "totals": _totals_json(cart),
        "promotions": [
            _promotion_json(one, cart.currency) for one in cart.totals.considered if _is_told(one)
        ],
    }


def _line_json(cart: PricedCart, item: PricedItem, line: PricedLine) -> dict[str, Any]:
    listed = (item.list_price or 0) * item.quantity
    steps = [_step("list_price", listed, cart.currency)]
    if listed != line.total:
        steps.append(_step("tax_taken_out", line.total - listed, cart.currency))
    steps += [
        _step("promotion", -one.by_line[line.key], cart.currency, **_named(one))
        for one in cart.applied
        if one.by_line.get(line.key)
    ]
    tax = _tax(cart, line.tax, name=line.tax_name, rate=line.rate)
    return {
        "item": item.id,
        "steps": steps,
        "total": to_text(line.total - line.discount, cart.currency),
        "tax": tax,
    }


def _shipping_json(cart: PricedCart) -> dict[str, Any] | None:
    if cart.totals.shipping is None:
        return None
    listed = next(
        (one.amount for one in cart.options if one.code == cart.shipping_method), cart.totals.shipping
    )
    if not cart.needs_shipping:
        listed = 0
    steps = [_step("method", listed, cart.currency, name=cart.shipping_method)]
    if listed != cart.totals.shipping:
        steps.append(_step("tax_taken_out", cart.totals.shipping - listed, cart.currency))
    steps += [
        _step("promotion", -one.shipping, cart.currency, **_named(one))
        for one in cart.applied
        if one.shipping
    ]
    paid = cart.totals.shipping - cart.totals.shipping_discount
    return {
        "steps": steps,
        "total": to_text(paid, cart.currency),
        "tax": _tax(cart, cart.totals.shipping_tax),
    }


def _totals_json(cart: PricedCart) -> list[dict[str, str]]:
    totals = cart.totals
    steps = [
        ("subtotal", totals.subtotal),
        ("discount", -totals.discount),
        ("shipping", totals.shipping),
        ("tax_added", totals.tax_added),
    ]
    return [_step(name, amount, cart.currency) for name, amount in steps if amount is not None]


def _promotion_json(one: Considered, currency: str) -> dict[str, Any]:
    return {
        **_named(one),
        "applied": one.applied,
        "amount": to_text(one.amount, currency),
        "reasons": [reason_json(reason, currency) for reason in one.reasons],
    }


def _is_told(one: Considered) -> bool:
    rules = {reason.rule for reason in one.reasons}
    group = bool(one.promotion.groups) and "sign_in" in rules
    return bool(one.promotion.code) or not (rules & _NOT_TOLD or group)


def _named(one: Considered) -> dict[str, str | None]:
    return {"name": one.promotion.name, "code": one.promotion.code or None}


def _step(step: str, amount: int, currency: str, **facts: Any) -> dict[str, Any]:
    return {"step": step, "amount": to_text(amount, currency), **facts}


def _tax(cart: PricedCart, amount: int, *, name: str = "", rate: int | None = None) -> dict[str, Any] | None:
    if cart.totals.tax is None:
        return None
    said: dict[str, Any] = {"included": cart.prices_include_tax, "amount": to_text(amount, cart.currency)}
    return said if rate is None else {**said, "name": name, "rate": rate_text(rate)}
