"""What orders, to the left, answer for carts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID


class PurchaseHistory(Protocol):
    """Answers questions about what was bought before; called in the caller's transaction."""

    def bought_by(self, user: Any) -> Any:
        """Return the condition that a customer has ever paid an order, for a query in which ``user`` is their id."""
        ...

    def emails_of_carts(self, cart_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the addresses on the orders that these carts became, by cart; without one that was forgotten."""
        ...

    def order_of_cart(self, *, cart_id: UUID) -> UUID | None:
        """Return the order that a cart became."""
        ...


# Filled once, when the app to the left loads.
purchase_histories: list[PurchaseHistory] = []


def purchase_history() -> PurchaseHistory:
    """Return the registered answerer."""
    return purchase_histories[0]
