"""An order for those who move its money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.selectors.payable import PayableOrder, payable_of
from orders.services.moving import locked

if TYPE_CHECKING:
    from uuid import UUID


def lock_order(*, order_id: UUID) -> PayableOrder:
    """
    Lock an order and return what a payment must know of it; the first lock to take, before the payment's.

    :raises NotFound: there is none.
    """
    return payable_of(locked(order_id))
