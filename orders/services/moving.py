"""How an order's states move: by the table, by compare-and-set, with a history row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F

from orders.errors import TransitionNotAllowed
from orders.models import Order, OrderMove
from orders.moves import allowed
from shop.core.errors import NotFound
from shop.core.transactions import require_transaction

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does it, and why; the history keeps both."""

    kind: OrderMove.Actor = OrderMove.Actor.SYSTEM
    id: UUID | None = None
    cause: str = ""

    @classmethod
    def staff(cls, user_id: UUID | None, *, cause: str = "") -> Actor:
        """Return a member of staff."""
        return cls(kind=OrderMove.Actor.STAFF, id=user_id, cause=cause)


def locked(order_id: UUID) -> Order:
    """
    Return an order, locked until the transaction ends: the first lock of everything that happens to it.

    :raises NotFound: there is none.
    """
    require_transaction("locked()")
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


def move(order: Order, axis: str, to: str, *, actor: Actor, now: datetime) -> None:
    """
    Move a locked order on one axis, or do nothing when it is there already.

    :param axis: a key of ``orders.moves.MOVES``.
    :raises TransitionNotAllowed: the table has no such move; nothing is written.
    """
    here = getattr(order, axis)
    if here == to:
        return
    refusal = TransitionNotAllowed(here=here, to=to, allowed=allowed(axis, here))
    if to not in allowed(axis, here):
        raise refusal
    # The state and the version it was read at are both part of the condition, so a move can't race on any database.
    moved = Order.objects.filter(pk=order.pk, version=order.version, **{axis: here}).update(
        **{axis: to}, version=F("version") + 1
    )
    if not moved:
        raise refusal
    setattr(order, axis, to)
    order.version += 1
    _write_down(order, axis, here, to, actor=actor, now=now)


def begin(order: Order, *, actor: Actor, now: datetime) -> None:
    """Write the first history row of a new order, version 1."""
    _write_down(order, "status", "", order.status, actor=actor, now=now)


def _write_down(order: Order, axis: str, here: str, to: str, *, actor: Actor, now: datetime) -> None:
    OrderMove.objects.create(
        order=order,
        version=order.version,
        axis=axis,
        from_state=here,
        to_state=to,
        actor=actor.kind,
        actor_id=actor.id,
        cause=actor.cause,
        at=now,
    )
