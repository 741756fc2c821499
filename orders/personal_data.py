"""What orders hold on a person: for their export, and to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cart.selectors import carts_held
from orders import services
from orders.selectors import cart_ids_of, order_ids_of, orders_held, unfinished
from users import ports
from users.ports import Holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

_STAYS = (
    "What was bought, for how much and which tax was due has to be accounted for. It stays without a name, with the "
    "country alone of each address."
)
_GOES = (
    "E-mail address, notes, VAT id, postal addresses, typed reasons and tracking numbers of these orders; links that "
    "were mailed for them."
)


class OrdersPersonalData(ports.PersonalData):
    """The part of orders in export and erasure."""

    def lock(self, *, user_id: UUID) -> None:
        """Lock the orders, and with them what happens to their money."""
        services.lock_orders(user_id=user_id)

    def blockers(self, *, user_id: UUID) -> Sequence[str]:
        """Return what the shop still has to do about an order."""
        return unfinished(user_id)

    def preview(self, *, user_id: UUID) -> Sequence[Holding]:
        """Return how many orders stay, and what of them goes."""
        count = len(order_ids_of(user_id))
        return (
            Holding(name="orders", count=count, kept=True, reason=_STAYS),
            Holding(name="order_contacts", count=count, kept=False, reason=_GOES),
        )

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """Return every order, and the carts of those that were placed as a guest."""
        return {"orders": orders_held(user_id), "guest_carts": carts_held(cart_ids=cart_ids_of(user_id))}

    def erase(self, *, user_id: UUID, actor_id: UUID, now: datetime) -> None:
        """Blank what names the person; amounts and states stay."""
        services.forget_customer(user_id=user_id, actor_id=actor_id, now=now)


ports.personal_data.register("orders", OrdersPersonalData())
