"""Taking part of an order off it, before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q

from orders.errors import TransitionNotAllowed
from orders.events import LinesCancelled
from orders.models import LineCancellation, Order
from orders.moves import STATUS, allowed
from orders.services.counting import count, lines_of, more, require_within
from orders.services.ending import cancel_order
from orders.services.goods import open_quantity, settle_goods, worth
from orders.services.moving import locked
from products import services as products
from shop.audit import services as audit
from shop.core.ids import new_id
from shop.events.outbox import publish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from orders.models import OrderLine
    from orders.services.moving import Actor


@transaction.atomic
def cancel_lines(
    *, order_id: UUID, quantities: Mapping[UUID, int], actor: Actor, now: datetime
) -> UUID | None:
    """
    Take units that weren't sent off a confirmed order; their stock goes back in the same transaction.

    Return the cancellation's id, as ``orders.lines_cancelled.v1`` has it, or None when the whole order was cancelled.

    What they are worth goes back by the event; shipping doesn't. When nothing of the order is left by it, the order
    is cancelled, and all of its money goes back. Coupons stay used. Locks: order, stock by variant. Emits:
    ``orders.lines_cancelled.v1``, or what ``cancel_order`` does.

    :param quantities: by line id, at least 1 each.
    :raises TransitionNotAllowed: the order isn't confirmed: one that is pending is cancelled and ordered again.
    :raises ValidationFailed: a line isn't the order's, or more of it is named than is left. Nothing is written.
    """
    order = locked(order_id)
    if order.status != Order.Status.CONFIRMED:
        raise TransitionNotAllowed(
            here=order.status, to="partly cancelled", allowed=allowed(STATUS, order.status)
        )
    lines = lines_of(order)
    require_within(lines, quantities, left=open_quantity, left_to="cancel")
    if all(line.shipped == 0 and open_quantity(line) == quantities.get(pk, 0) for pk, line in lines.items()):
        cancel_order(order_id=order_id, actor=actor, now=now)
        return None
    ref = _take_off(order, lines, quantities, actor=actor, now=now)
    settle_goods(order, actor=actor, now=now)
    return ref


def _take_off(
    order: Order,
    lines: Mapping[UUID, OrderLine],
    quantities: Mapping[UUID, int],
    *,
    actor: Actor,
    now: datetime,
) -> UUID:
    rows = [
        LineCancellation(
            line=lines[pk],
            quantity=units,
            amount=worth(order, lines[pk], units),
            reason=actor.cause,
            actor_id=actor.id,
            at=now,
        )
        for pk, units in quantities.items()
    ]
    ref = new_id()
    if not count(
        "cancelled", quantities, room=Q(quantity__gte=F("shipped") + F("cancelled") + more(quantities))
    ):
        raise TransitionNotAllowed(here=order.fulfilment_status, to="partly cancelled", allowed=())
    for row in rows:
        row.ref = ref
    LineCancellation.objects.bulk_create(rows)
    products.return_to_stock(
        order_ref=order.pk,
        quantities={lines[pk].variant_id: units for pk, units in quantities.items()},
        ref=ref,
        actor_id=actor.id,
        now=now,
    )
    publish(
        LinesCancelled(
            cancellation_id=ref,
            version=1,
            order_id=order.pk,
            amount=sum(row.amount for row in rows),
            currency=order.currency,
            lines=[{"line_id": pk, "quantity": units} for pk, units in quantities.items()],
        ),
        now=now,
    )
    audit.record(actor_id=actor.id, action="orders.lines_cancelled", target=order, now=now, ref=str(ref))
    return ref
