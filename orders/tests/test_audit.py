"""Every act of staff on an order is on record, with who did it; what shoppers do is in the history alone."""

from __future__ import annotations

import pytest
from django.db import transaction

from orders import services
from orders.models import Order, OrderMove
from orders.services import Actor
from orders.tests.backs import approve, ask, receive, refund
from orders.tests.factories import paid, place
from orders.tests.parcels import cancel_lines, clerk, deliver, ship
from products.tests.factories import NOW, variant
from shop.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def cancel(order: Order, actor: Actor) -> None:
    with transaction.atomic():
        services.cancel_order(order_id=order.pk, actor=actor, now=NOW)


def acts(order: Order) -> list[str]:
    entries = AuditEntry.objects.filter(object_id=str(order.pk)).order_by("pk")
    assert None not in {entry.actor_id for entry in entries}
    return [entry.action.removeprefix("orders.") for entry in entries]


def test_goods_that_go_and_come_back():
    order = paid(variant(), quantity=3)
    cancel_lines(order, [1])
    ship(order)
    deliver(order)
    back = ask(order, [1], actor=clerk())
    approve(back)
    receive(back)
    refund(back)

    assert acts(order) == [
        "lines_cancelled", "shipped", "delivered", "return_requested", "return_approved", "return_received",
        "return_refunded",
    ]  # fmt: skip


def test_an_order_that_staff_cancel():
    order, whole, own = place(), paid(), place()
    staff = clerk()
    cancel(order, staff)
    cancel_lines(whole, [1])
    cancel(own, Actor(kind=OrderMove.Actor.GUEST))

    assert (acts(order), acts(whole), acts(own)) == (["cancelled"], ["cancelled"], [])
    assert AuditEntry.objects.get(object_id=str(order.pk)).actor_id == staff.id
