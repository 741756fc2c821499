"""Why a code doesn't apply to a cart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cart.errors import CouponExpired, CouponInvalid, CouponNotApplicable, CouponUsedUp
from cart.shapes import reason_json

if TYPE_CHECKING:
    from cart.selectors import PricedCart
    from shop.core.errors import DomainError


def refusal(code: str, cart: PricedCart) -> DomainError | None:
    """Return why a code that is on a priced cart doesn't apply, or None when it does."""
    one = next((one for one in cart.totals.considered if one.promotion.code == code), None)
    if one is None:
        # Another code of the same promotion is there already.
        return CouponNotApplicable(reasons=[{"rule": "not_combinable"}])
    rules = {reason.rule for reason in one.reasons}
    if "inactive" in rules:
        return CouponInvalid()
    if rules & {"not_yet", "ended"}:
        return CouponExpired()
    if rules & {"used_up", "used_by_you"}:
        return CouponUsedUp()
    if one.reasons:
        return CouponNotApplicable(reasons=[reason_json(reason, cart.currency) for reason in one.reasons])
    return None
