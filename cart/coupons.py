"""Why a code doesn't apply to a cart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cart.errors import CouponExpired, CouponInvalid, CouponNotApplicable, CouponUsedUp
from cart.pricing import Reason
from cart.shapes import reason_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cart.pricing import Considered
    from shop.core.errors import DomainError

MAX_CODES = 10


def is_theirs(code: Mapping[str, Any], user_id: Any) -> bool:
    """Tell whether a code is switched on and for everybody or for this customer; ``user_id`` is None for a guest."""
    whose = code["customer_id"]
    # SQLite keeps a UUID without its dashes.
    mine = whose is None or str(whose).replace("-", "") == str(user_id or "").replace("-", "")
    return bool(code["is_active"]) and mine


def is_usable(code: Mapping[str, Any], user_id: Any) -> bool:
    """Tell whether a code may be used by this customer and has a use left, whatever its promotion says."""
    return is_theirs(code, user_id) and (code["max_uses"] is None or code["used"] < code["max_uses"])


def reasons_of(code: Mapping[str, Any], considered: Iterable[Considered]) -> tuple[Reason, ...]:
    """Return why a code that is on a cart takes nothing off it; none when it applies."""
    one = next((one for one in considered if one.promotion.key == str(code["promotion_id"])), None)
    if one is None:
        return (Reason(rule="inactive"),)
    if one.promotion.code != code["code"]:
        return (Reason(rule="same_promotion", needed=one.promotion.code),)
    return one.reasons


def dropped(
    codes: Iterable[Mapping[str, Any]], considered: Iterable[Considered], currency: str
) -> list[dict[str, Any]]:
    """Return a change for each code on a cart that takes nothing off it now, with the reasons."""
    considered = list(considered)
    found = ((code, reasons_of(code, considered)) for code in codes)
    return [drop(code["code"], reasons, currency) for code, reasons in found if reasons]


def drop(code: str, reasons: Iterable[Reason], currency: str) -> dict[str, Any]:
    """Return the change that says a code was dropped, and why."""
    said = [reason_json(reason, currency) for reason in reasons]
    return {"code": "coupon_dropped", "item": None, "old": code, "new": None, "reasons": said}


def refusal(code: Mapping[str, Any], considered: Iterable[Considered], currency: str) -> DomainError | None:
    """Return why a code that is on a cart can't be put there, or None when it applies."""
    reasons = reasons_of(code, considered)
    rules = {reason.rule for reason in reasons}
    if "inactive" in rules:
        return CouponInvalid()
    if rules & {"not_yet", "ended"}:
        return CouponExpired()
    if rules & {"used_up", "used_by_you"}:
        return CouponUsedUp(coupon=code["code"])
    return not_applicable(*reasons, currency=currency) if reasons else None


def not_applicable(*reasons: Reason, currency: str) -> CouponNotApplicable:
    """Return the refusal that names these reasons."""
    return CouponNotApplicable(reasons=[reason_json(reason, currency) for reason in reasons])
