"""What units of an order's lines give back, for those who move its money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.services.counting import lines_of, require_within
from orders.services.goods import worth
from orders.services.moving import locked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from orders.models import OrderLine


def value_units(*, order_id: UUID, quantities: Mapping[UUID, int], given_back: Mapping[UUID, int]) -> int:
    """
    Return what units of an order's lines are worth, in minor units: price less discount, with tax on top.

    Locks: order. Shipping isn't part of it.

    :param quantities: by line id, at least 1 each.
    :param given_back: units by line id whose money went back although they are neither cancelled nor returned.
    :raises NotFound: there is no such order.
    :raises ValidationFailed: a line isn't the order's, or fewer of its units are left to give money back for.
    """
    order = locked(order_id)
    lines = lines_of(order)

    def left(line: OrderLine) -> int:
        return line.quantity - line.cancelled - line.returned - given_back.get(line.pk, 0)

    require_within(lines, quantities, left=left, left_to="refund")
    return sum(
        worth(order, lines[pk], units, given_back=given_back.get(pk, 0)) for pk, units in quantities.items()
    )
