"""The counters of an order's lines: what is asked of them, and the one statement that moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Case, F, Q, UUIDField, Value, When

from orders.models import Order, OrderLine
from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID


def lines_of(order: Order) -> dict[UUID, OrderLine]:
    """Return the lines of a locked order by id, in their order."""
    return {line.pk: line for line in order.lines.order_by("position")}


def require_within(
    lines: Mapping[UUID, OrderLine],
    quantities: Mapping[UUID, int],
    *,
    left: Callable[[OrderLine], int],
    left_to: str,
) -> None:
    """
    Refuse lines that aren't the order's and more units than are left.

    :param left: how many units of a line may be named.
    :param left_to: what they are left to, for the sentence: "send".
    :raises ValidationFailed: with an error for each such line, by its place among the quantities.
    """
    errors = []
    for place, (pk, quantity) in enumerate(quantities.items()):
        if pk not in lines:
            errors.append(FieldError(f"lines.{place}.line", "does_not_exist", "This order has no such line."))
        elif quantity > (most := left(lines[pk])):
            said = f"Only {most} of this line are left to {left_to}."
            errors.append(FieldError(f"lines.{place}.quantity", "max_value", said))
    if errors:
        raise ValidationFailed(*errors)


def count(counter: str, quantities: Mapping[UUID, int], *, room: Q) -> bool:
    """
    Raise a counter of several lines in one statement, and tell whether all of them had room.

    The caller rolls back when they hadn't. The order is locked, so that only happens where locks don't exist.

    :param room: what must hold of each line, with ``more(quantities)`` for its own number.
    """
    changed = OrderLine.objects.filter(room, pk__in=quantities).update(
        **{counter: F(counter) + more(quantities)}
    )
    return changed == len(quantities)


def more(quantities: Mapping[UUID, int]) -> Any:
    """Return an expression with each line's own number."""
    cases = [When(pk=Value(pk, UUIDField()), then=Value(units)) for pk, units in quantities.items()]
    return Case(*cases, default=Value(0), output_field=BigIntegerField())
