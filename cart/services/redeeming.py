"""
Counting the uses of promotions, and giving them back.

What has no limit is never counted, so that a sale for everybody makes no checkout wait for another. Where there are
limits, each counter is raised by a statement of its own that also checks it, always in this order: codes by id,
promotions by id, the customer's counters by promotion. So nobody waits in a circle, and a counter never passes its
limit. Rows are written before limits are read: ``limits.lock_uses`` says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Q

from cart.digests import guest_digest
from cart.errors import CouponUsedUp, PromotionUsedUp
from cart.models import Coupon, CustomerUses, Promotion, Redemption
from cart.services.customer_uses import one_more_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from cart.selectors import PricedCart

_State = Redemption.State
_LIMITED_EACH = Q(promotion__max_uses_each__isnull=False) | Q(promotion__first_order=True)
_LIMITED = Q(coupon__max_uses__isnull=False) | Q(promotion__max_uses__isnull=False) | _LIMITED_EACH


@transaction.atomic
def redeem(cart: PricedCart, *, email: str, now: datetime) -> None:
    """
    Note each promotion that takes something off a cart which becomes an order, and count it where it is limited.

    Locks: the limited codes, promotions and counters of the customer.

    :param email: the address on the order, which is who a guest is.
    :raises CouponUsedUp: the last use of a code went to somebody else; ``PromotionUsedUp`` where it needs no code. In
        each case nothing is written.
    """
    assert cart.id is not None  # noqa: S101  (what becomes an order has an id)
    codes = {code["code"]: code["id"] for code in cart.codes}
    uses = [
        Redemption(
            promotion_id=int(one.promotion.key),
            coupon_id=codes.get(one.promotion.code),
            cart_id=cart.id,
            amount=one.amount,
            created_at=now,
        )
        for one in cart.applied
        # What takes nothing off isn't used: a code for free shipping waits for goods that are sent.
        if one.amount
    ]
    if not uses:
        return
    Redemption.objects.bulk_create(uses)
    limited = _limited(Redemption.objects.filter(cart=cart.id))
    if limited:
        _take(limited)
        _take_of_customer(
            [use for use in limited if _most_each(use) is not None],
            user_id=cart.user_id,
            guest="" if cart.user_id else guest_digest(email),
        )


@transaction.atomic
def give_back_coupons(*, cart_id: UUID) -> None:
    """
    Release the uses that an order of this cart held, and lower what counts them; a second time does nothing.

    Locks: the redemptions, then their limited codes, promotions and counters.
    """
    held = _locked(cart_id, _State.HELD)
    if not held:
        return
    Redemption.objects.filter(pk__in=held).update(state=_State.RELEASED)
    limited = _limited(Redemption.objects.filter(pk__in=held))
    for counter in _counters(limited):
        counter.filter(used__gt=0).update(used=F("used") - 1)


@transaction.atomic
def hold_again(*, cart_id: UUID) -> None:
    """
    Take back what was released when an order expired whose money came after all; a second time does nothing.

    Where a use has gone to somebody else meanwhile, they stay released: the order keeps the price that was agreed, and
    no limit is passed. Locks: as for giving back.
    """
    released = _locked(cart_id, _State.RELEASED)
    if not released:
        return
    try:
        with transaction.atomic():
            Redemption.objects.filter(pk__in=released).update(state=_State.HELD)
            limited = _limited(Redemption.objects.filter(pk__in=released))
            _take(limited)
            for use in _in_turn(limited, "promotion_id"):
                if use.uses_id is not None:
                    _raise_counter(use, CustomerUses.objects.filter(pk=use.uses_id or 0))
    except CouponUsedUp:
        return


def _locked(cart_id: UUID, state: str) -> list[int]:
    rows = Redemption.objects.filter(cart=cart_id, state=state).order_by("pk")
    return list(rows.select_for_update().values_list("pk", flat=True))


def _limited(rows: Any) -> list[Redemption]:
    """Return those of which anything is counted, with what limits them as it is now."""
    return list(rows.filter(_LIMITED).select_related("coupon", "promotion"))


def _in_turn(uses: Iterable[Redemption], key: str) -> list[Redemption]:
    return sorted(uses, key=lambda use: getattr(use, key))


def _take(limited: Sequence[Redemption]) -> None:
    with_code = [use for use in limited if use.coupon and use.coupon.max_uses is not None]
    with_limit = [use for use in limited if use.promotion.max_uses is not None]
    for model, key, uses in ((Coupon, "coupon_id", with_code), (Promotion, "promotion_id", with_limit)):
        for use in _in_turn(uses, key):
            # One statement both checks and counts, so two checkouts can't both have the last use.
            free = model._default_manager.filter(pk=getattr(use, key), used__lt=F("max_uses"))
            if not free.update(used=F("used") + 1):
                raise _used_up(use)


def _take_of_customer(uses: Sequence[Redemption], *, user_id: UUID | None, guest: str) -> None:
    if not uses:
        return
    uses = _in_turn(uses, "promotion_id")
    for use in uses:
        use.uses_id = one_more_of(use.promotion_id, user_id=user_id, guest=guest, most=_most_each(use) or 0)
        if use.uses_id is None:
            raise _used_up(use)
    Redemption.objects.bulk_update(uses, ["uses"])


def _raise_counter(use: Redemption, counter: Any) -> None:
    most = _most_each(use)
    if most is not None and not counter.filter(used__lt=most).update(used=F("used") + 1):
        raise _used_up(use)


def _most_each(use: Redemption) -> int | None:
    """Return how often one customer may use it: nobody has two first orders."""
    return 1 if use.promotion.first_order else use.promotion.max_uses_each


def _counters(limited: Sequence[Redemption]) -> list[Any]:
    """Return what counts these uses, a query each, in the order in which they are locked."""
    with_code = _in_turn((use for use in limited if use.coupon_id), "coupon_id")
    in_turn = _in_turn(limited, "promotion_id")
    return [
        *(Coupon.objects.filter(pk=use.coupon_id or 0, max_uses__isnull=False) for use in with_code),
        *(Promotion.objects.filter(pk=use.promotion_id, max_uses__isnull=False) for use in in_turn),
        *(CustomerUses.objects.filter(pk=use.uses_id or 0) for use in in_turn if use.uses_id),
    ]


def _used_up(use: Redemption) -> CouponUsedUp:
    if use.coupon is None:
        return PromotionUsedUp(coupon=None, promotion=use.promotion.name)
    return CouponUsedUp(coupon=use.coupon.code)
