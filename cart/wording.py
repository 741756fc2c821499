"""Why a promotion doesn't apply, as a sentence for shoppers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.core.money import to_text

if TYPE_CHECKING:
    from cart.pricing import Reason

_SENTENCES = {
    "inactive": "It isn't valid.",
    "not_yet": "Its time hasn't come yet.",
    "ended": "Its time is over.",
    "used_up": "It was used as often as it may be.",
    "used_by_you": "You have used it as often as you may.",
    "sign_in": "Sign in: it is for customers the shop knows.",
    "customer_group": "It is for other customers.",
    "first_order": "It is for a first order.",
    "scope": "Nothing in the cart is what it is for.",
    "currency": "It is for carts in {needed}.",
    "not_combinable": "It can't be combined with {needed}.",
    "same_promotion": "{needed} is for the same promotion already.",
    "too_many": "A cart takes at most {needed} codes.",
    "min_subtotal": "Add {missing} {currency} more{of_it}.",
    "min_quantity": "Add {missing} more{of_it}.",
}


def sentence(reason: Reason, currency: str) -> str:
    """Return what a reason says; its amounts are in ``currency``."""

    def text(value: int | str | None) -> int | str | None:
        return to_text(value, currency) if reason.money and isinstance(value, int) else value

    return _SENTENCES[reason.rule].format(
        needed=text(reason.needed),
        missing=text(reason.missing),
        currency=currency,
        of_it=" of what it is for" if reason.scoped else "",
    )
