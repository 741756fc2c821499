"""Returns for tests: asked for and moved on through the services."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from orders import services
from orders.models import Order, OrderMove, Return
from orders.services import Actor, Received, WantedBack
from orders.tests.factories import paid
from orders.tests.parcels import clerk, deliver, ship
from products.tests.factories import NOW, variant

SHOPPER = Actor(kind=OrderMove.Actor.GUEST)


def delivered(*prices: int, quantity: int = 1, now: datetime = NOW) -> Order:
    """Return an order all of which has arrived: a line of each price, 19.90 unless said otherwise."""
    order = paid(*(variant(price=price) for price in prices or (1990,)), quantity=quantity)
    ship(order)
    deliver(order, now=now)
    return order


def ask(
    order: Order,
    units: list[int],
    *,
    reason: str = "too small",
    actor: Actor = SHOPPER,
    now: datetime = NOW,
) -> UUID:
    """Ask to send so many units of each line in turn back."""
    keys = order.lines.order_by("position").values_list("pk", flat=True)
    wanted = {pk: WantedBack(quantity=n, reason=reason) for pk, n in zip(keys, units, strict=True) if n}
    with transaction.atomic():
        return services.request_return(order_id=order.pk, wanted=wanted, actor=actor, now=now)


def step(service: Any, pk: UUID, **said: Any) -> None:
    """Move a return on by one of the services."""
    with transaction.atomic():
        service(**{"return_id": pk, "message": "", "actor": clerk(), "now": NOW} | said)


def approve(pk: UUID, **said: Any) -> None:
    step(services.decide_return, pk, **{"approve": True} | said)


def receive(pk: UUID, units: list[int] | None = None, *, restock: bool = True, **said: Any) -> None:
    """Receive everything, or so many units of each line of the return in turn."""
    received = None
    if units is not None or not restock:
        rows = list(Return.objects.get(pk=pk).lines.order_by("line__position"))
        counts = units if units is not None else [row.quantity for row in rows]
        received = {
            row.line_id: Received(quantity=n, restock=restock) for row, n in zip(rows, counts, strict=True)
        }
    step(services.receive_return, pk, received=received, **said)


def refund(pk: UUID, amount: int | None = None, **said: Any) -> None:
    step(services.refund_return, pk, amount=amount, **said)


def come_back(order: Order, units: list[int]) -> UUID:
    """Return a return that was received whole."""
    pk = ask(order, units)
    approve(pk)
    receive(pk)
    return pk
