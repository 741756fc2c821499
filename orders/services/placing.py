"""Placing an order: one transaction from the cart to the held stock."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from cart import selectors as carts
from cart import services as cart
from cart.errors import CartEmpty, ShippingNotAvailable
from orders.events import OrderPlaced
from orders.models import Order, OrderAddress, OrderLine, OrderMove
from orders.services.confirming import confirm
from orders.services.moving import Actor, begin
from products import services as products
from products.errors import OutOfStock
from shop.api.json import dumps
from shop.core.errors import FieldError, NotFound, ValidationFailed
from shop.core.ids import new_id, readable_number
from shop.core.money import from_text
from shop.core.transactions import require_transaction
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from cart.selectors import CartOwner, PricedCart
    from users.addresses import PostalAddress


@dataclass(frozen=True, kw_only=True)
class Placing:
    """
    What a shopper says when placing an order.

    ``expected_total`` is the total they saw, as the contract writes amounts. Without a billing address the order
    is billed to the shipping address; what needs no shipping needs no address.
    """

    email: str
    language: str
    expected_total: str
    shipping_address: PostalAddress | None = None
    billing_address: PostalAddress | None = None
    shipping_method: str = ""
    note: str = ""


@transaction.atomic
def place_order(*, owner: CartOwner, placing: Placing, now: datetime) -> Order:
    """
    Turn the owner's open cart into a pending order that holds its stock, or change nothing.

    Prices, tax and shipping are those of the catalogue and the given address now. A total of nothing is confirmed
    at once. Locks: cart, coupon, stock by variant. Emits: ``orders.order_placed.v1``, and ``orders.order_paid.v1``
    for a total of nothing.

    :raises CartConverted: the cart became an order within a day.
    :raises NotFound: there is no open cart.
    :raises CartEmpty: it has no lines.
    :raises OutOfStock: a line is gone, or something is short.
    :raises ShippingNotAvailable: the method doesn't go to the address.
    :raises ValidationFailed: an address or method is missing, or ``expected_total`` can't be read.
    :raises PriceChanged: it costs more than expected.
    :raises CouponUsedUp: a coupon's last use went to somebody else.
    """
    priced = _priced(owner, placing, now=now)
    order = _written(priced, placing, now=now)
    cart.redeem_coupons(
        cart_id=order.cart_id, coupon_ids=[coupon["id"] for coupon in priced.coupons], now=now
    )
    products.reserve(
        order_ref=order.pk,
        quantities={item.variant_id: item.quantity for item in priced.items},
        expires_at=order.payment_due_at,
        now=now,
    )
    cart.convert(cart_id=order.cart_id, now=now)
    kind = OrderMove.Actor.CUSTOMER if order.user_id else OrderMove.Actor.GUEST
    actor = Actor(kind=kind, id=order.user_id)
    begin(order, actor=actor, now=now)
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


def _priced(owner: CartOwner, placing: Placing, *, now: datetime) -> PricedCart:
    """Return the cart priced for the address in the body, once everything that can refuse it has been asked."""
    require_transaction("place_order()")
    address = placing.shipping_address
    place = None
    if address is not None:
        place = carts.Place(country=address.country, region=address.region, postal_code=address.postal_code)
    try:
        row = cart.open_cart(owner, place=place)
    except NotFound:
        raise (cart.converted_cart(owner, now=now) or NotFound()) from None
    priced = carts.priced_cart(row, now=now, place=place, method=placing.shipping_method)
    if not priced.items:
        raise CartEmpty
    _refuse_gone(priced)
    if priced.needs_shipping:
        _require_shipping(priced, placing)
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


def _require_shipping(priced: PricedCart, placing: Placing) -> None:
    missing = [
        FieldError(name, "required", "This cart has something to send: say where and how.")
        for name in ("shipping_address", "shipping_method")
        if not getattr(placing, name)
    ]
    if missing:
        raise ValidationFailed(*missing)
    if priced.totals.shipping is None:
        raise ShippingNotAvailable


def _expected(text: str, currency: str) -> int:
    try:
        return from_text(text, currency)
    except ValueError as error:
        raise ValidationFailed(FieldError("expected_total", "invalid", str(error))) from None


def _written(priced: PricedCart, placing: Placing, *, now: datetime) -> Order:
    """Write the order, its lines and its addresses."""
    totals = priced.totals
    option = next((o for o in priced.options if o.code == priced.shipping_method), None)
    order = Order(
        id=new_id(),
        number=readable_number(),
        cart_id=priced.id,
        user_id=priced.user_id,
        email=placing.email,
        language=placing.language,
        note=placing.note,
        currency=priced.currency,
        subtotal=totals.subtotal,
        discount_total=totals.discount,
        shipping_total=totals.shipping or 0,
        shipping_discount=totals.shipping_discount,
        shipping_tax=totals.shipping_tax,
        tax_total=totals.tax or 0,
        tax_added=totals.tax_added or 0,
        total=totals.total,
        prices_include_tax=priced.prices_include_tax,
        tax_lines=[asdict(line) for line in totals.tax_lines],
        shipping_method=priced.shipping_method if priced.needs_shipping else "",
        shipping_name=option.name if option and priced.needs_shipping else "",
        max_days=option.max_days if option and priced.needs_shipping else None,
        coupons=[coupon["code"] for coupon in priced.coupons],
        placed_at=now,
        payment_due_at=now + settings.ORDER_PAYMENT_WINDOW if totals.total else None,
    )
    lines = _lines(order.pk, priced)
    addresses = _addresses(order.pk, placing)
    order.digest = digest(order, lines, addresses)
    order.save(force_insert=True)
    OrderLine.objects.bulk_create(lines)
    OrderAddress.objects.bulk_create(addresses)
    return order


def _lines(order_id: UUID, priced: PricedCart) -> list[OrderLine]:
    lines = []
    for position, (item, cost) in enumerate(zip(priced.sellable_items, priced.totals.lines, strict=True)):
        offer = item.offer
        assert offer is not None  # noqa: S101  (what has a price has an offer)
        lines.append(
            OrderLine(
                order_id=order_id,
                position=position,
                product_id=offer.product_id,
                variant_id=offer.variant_id,
                sku=offer.sku,
                name=offer.name,
                options=offer.options,
                requires_shipping=offer.requires_shipping,
                quantity=item.quantity,
                unit_price=offer.price,
                line_total=cost.total,
                discount_amount=cost.discount,
                tax_name=cost.tax_name,
                tax_rate=cost.rate,
                tax_amount=cost.tax,
            )
        )
    return lines


def _addresses(order_id: UUID, placing: Placing) -> list[OrderAddress]:
    shipping = placing.shipping_address
    billing = placing.billing_address or shipping
    kinds = ((OrderAddress.Kind.SHIPPING, shipping), (OrderAddress.Kind.BILLING, billing))
    return [
        OrderAddress(order_id=order_id, kind=kind, **asdict(address)) for kind, address in kinds if address
    ]


def digest(order: Order, lines: list[OrderLine], addresses: list[OrderAddress]) -> str:
    """Return the SHA-256 of everything that was agreed at placing, to prove later that none of it changed."""
    amounts = (
        "currency", "subtotal", "discount_total", "shipping_total", "tax_total", "tax_added", "total",
        "prices_include_tax", "tax_lines", "shipping_method",
    )  # fmt: skip
    per_line = (
        "variant_id",
        "sku",
        "name",
        "options",
        "quantity",
        "unit_price",
        "discount_amount",
        "tax_amount",
    )
    per_address = (
        "kind",
        "full_name",
        "company",
        "line1",
        "line2",
        "city",
        "region",
        "postal_code",
        "country",
    )
    said: dict[str, Any] = {
        "order": [getattr(order, name) for name in amounts],
        "lines": [
            [getattr(line, name) for name in per_line] for line in sorted(lines, key=lambda x: x.position)
        ],
        "addresses": [
            [str(getattr(a, name)) for name in per_address] for a in sorted(addresses, key=lambda a: a.kind)
        ],
    }
    return hashlib.sha256(dumps(said)).hexdigest()
