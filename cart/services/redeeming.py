"""Counting the uses of promotions, and giving them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q

from cart.errors import CouponUsedUp
from cart.models import Coupon, Promotion, Redemption

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from cart.selectors import PricedCart


@transaction.atomic
def redeem(cart: PricedCart, *, email: str, now: datetime) -> None:
    """
    Count a use of each promotion that applies to a cart which becomes an order. Locks: the codes and promotions.

    :param email: the address on the order, which is who a guest is.
    :raises CouponUsedUp: one has no use left; nothing is written.
    """
    coupons = {code["code"]: code["id"] for code in cart.codes}
    uses = [
        Redemption(
            promotion_id=int(one.promotion.key),
            coupon_id=coupons.get(one.promotion.code),
            cart_id=cart.id,
            amount=one.amount,
            created_at=now,
        )
        for one in cart.applied
    ]
    for model, ids in (
        (Coupon, [use.coupon_id for use in uses if use.coupon_id]),
        (Promotion, [use.promotion_id for use in uses]),
    ):
        limited = model.objects.filter(pk__in=ids, max_uses__isnull=False)
        wanted = limited.count()
        if wanted and limited.filter(Q(used__lt=F("max_uses"))).update(used=F("used") + 1) != wanted:
            raise CouponUsedUp
    Redemption.objects.bulk_create(uses)


@transaction.atomic
def give_back_coupons(*, cart_id: UUID) -> None:
    """Release the uses that an order of this cart held; a second time does nothing. Locks: the redemptions."""
    held = Redemption.objects.filter(cart=cart_id, state=Redemption.State.HELD)
    uses = list(held.select_for_update(of=("self",)).order_by("pk"))
    held.update(state=Redemption.State.RELEASED)
    Coupon.objects.filter(pk__in=[use.coupon_id for use in uses], used__gt=0).update(used=F("used") - 1)
    Promotion.objects.filter(pk__in=[use.promotion_id for use in uses], used__gt=0).update(used=F("used") - 1)
