"""Every call on orders by everybody who might try: an empty body, an order that has arrived and comes back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.utils import timezone

from orders.models import OrderMove, OrderNote
from orders.tests.backs import ask, delivered
from orders.tests.factories import place
from orders.tests.shopping import token_of
from shop.audit.models import AuditEntry
from shop.events.models import OutboxEvent
from shop.tests.test_access import endpoints
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, SuperuserFactory, UserFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.models import Order

pytestmark = [pytest.mark.once, pytest.mark.django_db]

_API = "/api/v1/"


@dataclass
class World:
    """An order of a guest with a parcel, a return that was asked for and a note."""

    order: Order
    ids: dict[str, str]


# Who asks -> their client and the headers they send.
CALLERS: dict[str, Callable[[World], tuple[Any, dict[str, str]]]] = {
    "anonymous": lambda world: (anonymous(), {}),
    "another guest": lambda world: (anonymous(), token_of(place())),
    "stranger": lambda world: (client_of(UserFactory()), {}),
    "its guest": lambda world: (anonymous(), token_of(world.order)),
    "staff": lambda world: (client_of(StaffFactory()), {}),
    "staff who view": lambda world: (client_of(StaffFactory(permissions=["orders.view_order"])), {}),
    "staff who change": lambda world: (client_of(StaffFactory(permissions=["orders.change_order"])), {}),
    "staff who add": lambda world: (client_of(StaffFactory(permissions=["orders.add_order"])), {}),
    "superuser": lambda world: (client_of(SuperuserFactory()), {}),
}
# Endpoint -> the status for each caller, in their order. 400 and 409 are the call's own: whoever gets them was let in.
TABLE = {
    "GET orders/": "401 401 200 401 200 200 200 200 200",
    "GET orders/export/": "401 401 403 401 403 200 403 403 200",
    "GET orders/staff/": "401 401 403 401 403 200 403 403 200",
    "GET orders/{order_id}/fulfilments/": "404 404 404 200 404 200 200 404 200",
    "GET orders/{order_id}/fulfilments/{pk}/packing_slip/": "401 401 403 401 403 200 403 403 200",
    "GET orders/{order_id}/notes/": "404 404 404 200 404 200 200 404 200",
    "GET orders/{order_id}/returns/": "404 404 404 200 404 200 200 404 200",
    "GET orders/{order_id}/returns/{pk}/": "404 404 404 200 404 200 200 404 200",
    "GET orders/{order_id}/timeline/": "404 404 404 200 404 200 200 404 200",
    "GET orders/{pk}/": "404 404 404 200 404 200 200 404 200",
    "GET orders/{pk}/track/": "404 404 404 200 404 200 200 404 200",
    "PATCH orders/{order_id}/returns/{pk}/": "401 401 403 401 403 403 400 403 400",
    "POST orders/": "400 400 400 400 400 400 400 400 400",
    "POST orders/lookup/": "400 400 400 400 400 400 400 400 400",
    "POST orders/staff/": "401 401 403 401 403 403 403 400 400",
    "POST orders/{order_id}/fulfilments/": "401 401 403 401 403 403 400 403 400",
    "POST orders/{order_id}/notes/": "401 401 403 401 403 403 400 403 400",
    "POST orders/{order_id}/returns/": "404 404 404 400 404 403 400 404 400",
    # A step, which isn't a message, can't be sent again.
    "POST orders/{order_id}/timeline/{pk}/resend/": "404 404 404 404 404 403 404 404 404",
    "POST orders/{pk}/cancel/": "404 404 404 409 404 403 409 404 409",
    "POST orders/{pk}/claim/": "401 401 400 401 400 400 400 400 400",
    "POST orders/{pk}/deliver/": "401 401 403 401 403 403 409 403 409",
    "POST orders/{pk}/reorder/": "404 404 404 200 404 403 403 404 200",
}


@pytest.fixture
def world() -> World:
    order = delivered(1990, quantity=2, now=timezone.now())
    back = ask(order, [1], now=timezone.now())
    note = OrderNote.objects.create(
        order=order, text="inside", visible=False, author_id=StaffFactory().pk, at=timezone.now()
    )
    ids = {
        "orders/{pk}": str(order.pk),
        "{order_id}": str(order.pk),
        "returns/{pk}": str(back),
        "fulfilments/{pk}": str(order.shipments.get().pk),
        "timeline/{pk}": "step-1",
        "notes/{pk}": str(note.pk),
    }
    return World(order, ids)


def address(path: str, world: World) -> str:
    def found(name: re.Match[str]) -> str:
        return f"{name[1]}/{world.ids.get(name[0], '')}" if name[1] else world.ids[name[0]]

    path = path.replace("{order_id}", world.ids["{order_id}"])
    return _API + re.sub(r"(\w+)/\{pk\}", found, path)


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (OrderMove, OrderNote, OutboxEvent, AuditEntry))


def test_every_endpoint_has_its_line():
    assert [one for one in endpoints() if one.partition(" ")[2].startswith("orders/")] == sorted(TABLE)


def test_access(world):
    answers = {}
    for endpoint in TABLE:
        method, _, path = endpoint.partition(" ")
        said = []
        for come in CALLERS.values():
            before = transaction.savepoint()
            client, headers = come(world)
            was = rows()
            answer = client.generic(method, address(path, world), "{}", "application/json", headers=headers)
            said.append(str(answer.status_code))
            assert answer.status_code < 400 or rows() == was, endpoint
            transaction.savepoint_rollback(before)
        answers[endpoint] = " ".join(said)

    assert answers == TABLE
