"""Placing an order: one transaction from the cart to the held stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cart import selectors as carts
from cart import services as cart
from cart.errors import CartEmpty, PromotionUsedUp, ShippingNotAvailable
from orders.events import OrderPlaced
from orders.models import Order, OrderMove
from orders.services.agreeing import not_agreed
from orders.services.confirming import confirm
from orders.services.moving import Actor, begin
from orders.services.snapshot import Placing, write_order
from products import services as products
from products.errors import OutOfStock
from shop.core.errors import FieldError, NotFound, ValidationFailed
from shop.core.failpoints import failpoint
from shop.core.money import from_text
from shop.core.transactions import require_transaction
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime

    from cart.selectors import CartOwner, PricedCart


@transaction.atomic
def place_order(*, owner: CartOwner, placing: Placing, now: datetime, actor: Actor | None = None) -> Order:
    """
    Turn the owner's open cart into a pending order that holds its stock, or change nothing.

    The order comes back ready to serialise.

    Prices, tax and shipping are those of the catalogue and the given address now. A total of nothing is confirmed
    at once. Locks: cart, coupon, stock by variant. Emits: ``orders.order_placed.v1``, and ``orders.order_paid.v1``
    for a total of nothing.

    :param actor: who places it, where that isn't the shopper.
    :raises CartConverted: the cart became an order within a day.
    :raises NotFound: there is no open cart.
    :raises CartEmpty: it has no lines.
    :raises OutOfStock: a line is gone, or something is short.
    :raises ShippingNotAvailable: the method doesn't go to the address.
    :raises ValidationFailed: an address or method is missing, the terms or an age aren't agreed to, or
        ``expected_total`` can't be read.
    :raises PriceChanged: it costs more than expected.
    :raises CouponUsedUp: a code's last use has just gone to somebody else.
    """
    try:
        return _place(owner, placing, actor=actor, now=now)
    except PromotionUsedUp:
        # Somebody else had its last use since the cart was priced, and no shopper can take off what needs no code.
        # Priced again the cart is without it: it costs no more than expected still, or they are told what it costs.
        return _place(owner, placing, actor=actor, now=now)


@transaction.atomic
def _place(owner: CartOwner, placing: Placing, *, actor: Actor | None, now: datetime) -> Order:
    priced = _priced(owner, placing, now=now)
    order = write_order(priced, placing, now=now)
    cart.redeem(priced, email=order.email, now=now)
    products.reserve(
        order_ref=order.pk,
        quantities={item.variant_id: item.quantity for item in priced.items},
        expires_at=order.payment_due_at,
        now=now,
    )
    failpoint("checkout.in_tx_after_reserve")
    cart.convert(cart_id=order.cart_id, now=now)
    begin(order, actor=actor or _shopper(order), now=now)
    publish(
        OrderPlaced(
            order_id=order.pk,
            version=order.version,
            user_id=order.user_id,
            currency=order.currency,
            total=order.total,
        ),
        now=now,
    )
    if order.total == 0:
        confirm(order, actor=Actor(cause="nothing to pay"), now=now)
    return order


def _shopper(order: Order) -> Actor:
    kind = OrderMove.Actor.CUSTOMER if order.user_id else OrderMove.Actor.GUEST
    return Actor(kind=kind, id=order.user_id)


def _priced(owner: CartOwner, placing: Placing, *, now: datetime) -> PricedCart:
    """Return the cart priced for the address in the body, once everything that can refuse it has been asked."""
    require_transaction("place_order()")
    # What isn't sent may come without a shipping address: then the bill's says which tax it is.
    address = placing.shipping_address or placing.billing_address
    place = None
    if address is not None:
        place = carts.Place(country=address.country, region=address.region, postal_code=address.postal_code)
    # A customer is who they are; a guest is the address that they give.
    guest = "" if owner.user_id else carts.guest_digest(placing.email)
    try:
        row = cart.open_cart(owner, now=now, place=place, guest=guest)
    except NotFound:
        raise (cart.converted_cart(owner, now=now) or NotFound()) from None
    priced = carts.priced_cart(
        row, now=now, place=place, method=placing.shipping_method, language=placing.language
    )
    if not priced.items:
        raise CartEmpty
    _refuse_gone(priced)
    missing = [*_no_shipping(priced, placing), *not_agreed(priced, placing, now=now)]
    if missing:
        raise ValidationFailed(*missing)
    if priced.totals.shipping is None:
        raise ShippingNotAvailable
    if placing.expected_total is not None:
        cart.check_total(priced, expected=_expected(placing.expected_total, priced.currency))
    return priced


def _refuse_gone(priced: PricedCart) -> None:
    gone = [item for item in priced.items if item.unit_price is None]
    if gone:
        lines = [
            {
                "variant": item.variant_id,
                "sku": item.offer.sku if item.offer else None,
                "requested": item.quantity,
                "available": 0,
                "held": 0,
                "held_until": None,
            }
            for item in gone
        ]
        raise OutOfStock(lines=lines)


def _no_shipping(priced: PricedCart, placing: Placing) -> list[FieldError]:
    return [
        FieldError(name, "required", "This cart has something to send: say where and how.")
        for name in ("shipping_address", "shipping_method")
        if priced.needs_shipping and not getattr(placing, name)
    ]


def _expected(text: str, currency: str) -> int:
    try:
        return from_text(text, currency)
    except ValueError as error:
        raise ValidationFailed(FieldError("expected_total", "invalid", str(error))) from None
