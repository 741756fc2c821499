"""Parcels for tests: sent and delivered through the services, as staff do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from orders import services
from orders.models import Order, OrderMove
from orders.services import Actor, Parcel
from products.tests.factories import NOW
from users.tests.factories import StaffFactory


def clerk() -> Actor:
    """Return a new member of staff."""
    return Actor(kind=OrderMove.Actor.STAFF, id=StaffFactory().pk, cause="a test")


def ship(order: Order, units: list[int] | None = None, *, now: datetime = NOW, **said: Any) -> UUID:
    """Send a parcel with so many units of each line in turn, or with everything that is left."""
    keys = order.lines.order_by("position").values_list("pk", flat=True)
    quantities = None if units is None else {pk: n for pk, n in zip(keys, units, strict=True) if n}
    parcel = Parcel(**{"carrier": "dhl", "tracking_number": "00 34/1", "quantities": quantities} | said)
    with transaction.atomic():
        return services.ship(order_id=order.pk, parcel=parcel, actor=clerk(), now=now)


def deliver(order: Order, shipment: UUID | None = None, *, now: datetime = NOW) -> None:
    """Take note that a parcel has arrived, or all of them."""
    with transaction.atomic():
        services.deliver(order_id=order.pk, shipment_id=shipment, actor=clerk(), now=now)


def cancel_lines(order: Order, units: list[int], *, reason: str = "a test", now: datetime = NOW) -> None:
    """Take so many units of each line in turn off an order."""
    keys = order.lines.order_by("position").values_list("pk", flat=True)
    quantities = {pk: n for pk, n in zip(keys, units, strict=True) if n}
    actor = replace(clerk(), cause=reason)
    with transaction.atomic():
        services.cancel_lines(order_id=order.pk, quantities=quantities, actor=actor, now=now)


def states(order: Order) -> tuple[str, str, str]:
    """Return where an order stands on its three axes."""
    order.refresh_from_db()
    return order.status, order.payment_status, order.fulfilment_status


def counters(order: Order) -> list[tuple[int, int, int]]:
    """Return what was shipped, cancelled and returned of each line."""
    return list(order.lines.order_by("position").values_list("shipped", "cancelled", "returned"))
