"""What carts hold on a person: for their export, and to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cart import services
from cart.selectors import carts_held, codes_held, count_carts, count_codes, uses_held
from users import ports
from users.ports import Holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

_GOES = "A cart that isn't an order yet is of no use to anybody else."
_CODES = "Codes for this account alone that no order has used; those that one has used open nothing any more."
_USES = "How often promotions with a limit were used."
_STAYS = "Orders hang on these: what was bought stays; place and VAT number go."


class CartPersonalData(ports.PersonalData):
    """The part of carts in export and erasure."""

    def lock(self, *, user_id: UUID) -> None:
        """Lock the carts, so that an order which is just being placed is there before anybody looks."""
        services.lock_carts(user_id=user_id)

    def preview(self, *, user_id: UUID) -> Sequence[Holding]:
        """Return which carts go, of which only the place does, and what else goes."""
        counts = count_carts(user_id=user_id)
        placed = counts.pop("converted", 0)
        codes, uses = count_codes(user_id=user_id), len(uses_held(user_id=user_id))
        return (
            Holding(name="carts", count=sum(counts.values()), kept=False, reason=_GOES),
            Holding(name="ordered_carts", count=placed, kept=True, reason=_STAYS),
            Holding(name="coupons", count=codes, kept=False, reason=_CODES),
            Holding(name="promotion_uses", count=uses, kept=False, reason=_USES),
        )

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """Return every cart with what is in it, codes for the person alone, and uses that were counted."""
        return {
            "carts": carts_held(user_id=user_id),
            "coupons": codes_held(user_id=user_id),
            "promotion_uses": uses_held(user_id=user_id),
        }

    def erase(self, *, user_id: UUID, actor_id: UUID, now: datetime) -> None:
        """Delete carts, codes and counters, and blank the carts that orders hang on."""
        services.forget_customer(user_id=user_id)


ports.personal_data.register("cart", CartPersonalData())
