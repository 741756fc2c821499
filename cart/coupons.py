"""Whether a coupon fits a cart: pure, so that reading a cart and placing an order decide alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cart.errors import CouponExpired, CouponInvalid, CouponNotApplicable, CouponUsedUp
from shop.core.errors import DomainError
from shop.core.money import to_text


def refusal(coupon: Mapping[str, Any], *, subtotal: int, currency: str, now: datetime) -> DomainError | None:
    """
    Return why a coupon doesn't apply, or None when it does.

    :param coupon: the fields of ``cart.models.Coupon``, instants as datetimes or ISO strings.
    :param subtotal: minor units of ``currency``.
    """
    starts_at, ends_at = _instant(coupon["starts_at"]), _instant(coupon["ends_at"])
    if not coupon["is_active"]:
        return CouponInvalid()
    if (starts_at and now < starts_at) or (ends_at and now >= ends_at):
        return CouponExpired()
    if coupon["max_uses"] is not None and coupon["used"] >= coupon["max_uses"]:
        return CouponUsedUp()
    reasons = []
    # Its amounts say nothing in another currency.
    if coupon["currency"] != currency and (coupon["kind"] == "fixed" or coupon["min_subtotal"]):
        reasons.append({"rule": "currency", "needed": coupon["currency"]})
    elif coupon["min_subtotal"] > subtotal:
        missing = coupon["min_subtotal"] - subtotal
        reasons.append(
            {
                "rule": "min_subtotal",
                "needed": to_text(coupon["min_subtotal"], currency),
                "missing": to_text(missing, currency),
            }
        )
    return CouponNotApplicable(reasons=reasons) if reasons else None


def _instant(value: Any) -> datetime | None:
    if isinstance(value, str):
        parsed = datetime.fromisoformat(value.replace(" ", "T"))
        # SQLite builds JSON from its own text, which has no offset: everything it stores is UTC.
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return value  # type: ignore[no-any-return]
