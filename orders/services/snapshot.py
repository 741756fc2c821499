"""What an order keeps of the cart it was: names, prices, tax and addresses, copied."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from orders.digest import digest
from orders.models import Order, OrderAddress, OrderLine
from orders.shapes import ADDRESS, LINE
from shop.core.ids import new_id, readable_number
from shop.core.transactions import require_transaction

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from cart.selectors import PricedCart
    from users.addresses import PostalAddress


@dataclass(frozen=True, kw_only=True)
class Placing:
    """
    What a shopper says when placing an order.

    ``expected_total`` is the total they saw, as the contract writes amounts. Without a billing address the order
    is billed to the shipping address; what needs no shipping needs no address. An empty language is the cart's.
    ``terms_accepted`` is the version that was accepted, or true for the one that the shop asks for. The birth date
    is looked at and not kept.
    """

    email: str
    # None where nobody has seen one: staff who place an order say what they have read out.
    expected_total: str | None
    language: str = ""
    shipping_address: PostalAddress | None = None
    billing_address: PostalAddress | None = None
    shipping_method: str = ""
    note: str = ""
    terms_accepted: str | bool = False
    age_confirmed: bool = False
    birth_date: date | None = None


def write_order(priced: PricedCart, said: Placing, *, now: datetime) -> Order:
    """
    Write the order of a priced cart with its lines and addresses, in the caller's transaction.

    :param said: how the shopper asked for it.
    """
    require_transaction("write_order()")
    assert priced.id is not None  # noqa: S101  (what was locked has an id)
    totals = priced.totals
    sent = priced.needs_shipping
    option = next((o for o in priced.options if sent and o.code == priced.shipping_method), None)
    order = Order(
        id=new_id(),
        number=readable_number(),
        cart_id=priced.id,
        user_id=priced.user_id,
        email=said.email,
        language=said.language or priced.language,
        note=said.note,
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
        tax_treatment=priced.tax_treatment,
        tax_rounding=priced.tax_rounding,
        vat_id=priced.vat_id,
        discounts=_discounts(priced),
        shipping_method=option.code if option else "",
        shipping_name=option.name if option else "",
        max_days=option.max_days if option else None,
        coupons=priced.coupons,
        terms_version=priced.requires.terms,
        age_confirmed=priced.requires.minimum_age,
        placed_at=now,
        payment_due_at=now + settings.ORDER_PAYMENT_WINDOW if totals.total else None,
    )
    lines = _lines(order.pk, priced)
    addresses = _addresses(order.pk, said)
    order.digest = digest(order, lines, addresses)
    order.save(force_insert=True)
    OrderLine.objects.bulk_create(lines)
    OrderAddress.objects.bulk_create(addresses)
    # What was just written needn't be read again to be answered.
    answer: Any = order
    answer.line_rows = [{name: getattr(line, name) for name in (*LINE, "options")} for line in lines]
    answer.address_rows = [{name: getattr(address, name) for name in ADDRESS} for address in addresses]
    answer.shipment_rows = answer.shipped_rows = []
    return order


def _discounts(priced: PricedCart) -> list[dict[str, Any]]:
    return [
        {"name": one.promotion.name, "code": one.promotion.code or None, "amount": one.amount}
        for one in priced.applied
    ]


def _lines(order_id: UUID, priced: PricedCart) -> list[OrderLine]:
    lines = []
    for position, (item, cost) in enumerate(zip(priced.sellable_items, priced.totals.lines, strict=True)):
        offer, price = item.offer, item.unit_price
        assert offer is not None and price is not None  # noqa: S101, PT018  (what is sellable has both)
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
                unit_price=price,
                line_total=cost.total,
                discount_amount=cost.discount,
                tax_name=cost.tax_name,
                tax_rate=cost.rate,
                tax_amount=cost.tax,
            )
        )
    return lines


def _addresses(order_id: UUID, said: Placing) -> list[OrderAddress]:
    shipping = said.shipping_address
    billing = said.billing_address or shipping
    kinds = ((OrderAddress.Kind.SHIPPING, shipping), (OrderAddress.Kind.BILLING, billing))
    return [
        OrderAddress(order_id=order_id, kind=kind, **asdict(address)) for kind, address in kinds if address
    ]
