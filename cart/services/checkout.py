"""What placing an order does to a cart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from cart.errors import CartConverted, PriceChanged
from cart.models import Cart
from cart.shapes import cart_json
from shop.core.money import to_text
from shop.core.transactions import require_transaction

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from cart.selectors import PricedCart


def check_total(cart: PricedCart, *, expected: int) -> None:
    """
    Hold the shopper to no more than they have seen: a lower price passes, a higher one doesn't.

    :param expected: minor units of the cart's currency.
    :raises PriceChanged: it costs more now.
    """
    if cart.totals.total > expected:
        raise PriceChanged(
            expected=to_text(expected, cart.currency),
            actual=to_text(cart.totals.total, cart.currency),
            currency=cart.currency,
            changes=list(cart.changes),
            cart=cart_json(cart),
        )


def convert(*, cart_id: UUID, now: datetime) -> None:
    """
    Close a cart that becomes an order, in the caller's transaction. The token goes on naming the shopper.

    :raises CartConverted: it isn't open any more.
    """
    require_transaction("convert()")
    # One statement both checks and closes, so that two orders can't both have the cart.
    closed = Cart.objects.filter(pk=cart_id, status=Cart.Status.OPEN).update(
        status=Cart.Status.CONVERTED, converted_at=now, updated_at=now, version=F("version") + 1
    )
    if not closed:
        raise CartConverted(order=None)
