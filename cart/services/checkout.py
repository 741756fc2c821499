"""What placing an order does to a cart, and what ending that order unpaid gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q

from cart.errors import CartConverted, CouponUsedUp, PriceChanged
from cart.models import Cart, Coupon, CouponRedemption
from cart.shapes import cart_json
from shop.core.money import to_text
from shop.core.transactions import require_transaction

if TYPE_CHECKING:
    from collections.abc import Collection
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


@transaction.atomic
def redeem_coupons(*, cart_id: UUID, coupon_ids: Collection[int], now: datetime) -> None:
    """
    Count a use of each coupon for the order of this cart. Locks: the coupons.

    :raises CouponUsedUp: one has no use left; nothing is written.
    """
    if not coupon_ids:
        return
    free = Q(max_uses__isnull=True) | Q(used__lt=F("max_uses"))
    counted = Coupon.objects.filter(free, pk__in=coupon_ids).update(used=F("used") + 1)
    if counted != len(coupon_ids):
        raise CouponUsedUp
    CouponRedemption.objects.bulk_create(
        CouponRedemption(coupon_id=pk, cart_id=cart_id, created_at=now) for pk in sorted(coupon_ids)
    )


@transaction.atomic
def give_back_coupons(*, cart_id: UUID) -> None:
    """Release the uses that an order of this cart held; a second time does nothing. Locks: the redemptions."""
    held = CouponRedemption.objects.filter(cart=cart_id, state=CouponRedemption.State.HELD)
    coupons = list(held.select_for_update().order_by("coupon").values_list("coupon", flat=True))
    if coupons:
        held.update(state=CouponRedemption.State.RELEASED)
        Coupon.objects.filter(pk__in=coupons).update(used=F("used") - 1)
