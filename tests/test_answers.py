"""Every call in every state of an order and of a return answers what the table says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from orders import services
from orders.models import Order, Return
from orders.moves import RETURN_MOVES
from orders.services import Actor
from orders.tests import backs
from orders.tests.factories import place
from orders.tests.parcels import deliver, ship, states
from orders.tests.shopping import URL, order_url, token_of
from orders.tokens import access_token
from payments import services as payments
from payments import stripe_client
from products.tests.factories import variant
from tests.machine.bank import Bank
from tools.docs.answers import ACTIONS, ANSWERS, RETURN_ANSWERS
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.timeout(300)]

EMAIL = "ada@example.com"


def reached(state: tuple[str, ...]) -> Order:
    """Return a guest's order of two units that has got into a state as orders do."""
    status, payment, goods = state
    order = place(variant(now=timezone.now()), quantity=2, now=timezone.now(), email=EMAIL)
    with transaction.atomic():
        if payment == "authorized" or (status == "confirmed" and payment in ("unpaid", "failed")):
            services.mark_authorized(order_id=order.pk, now=timezone.now())
        elif payment not in ("unpaid", "processing", "failed"):
            services.mark_paid(order_id=order.pk, now=timezone.now())
        if payment in ("processing", "failed") or (status == "confirmed" and payment == "unpaid"):
            services.payment_progressed(order_id=order.pk, payment_status=payment, now=timezone.now())
    _move_goods(order, goods)
    with transaction.atomic():
        if status == "cancelled":
            services.cancel_order(order_id=order.pk, actor=Actor(), now=timezone.now())
        if status == "expired":
            services.expire(order_id=order.pk, now=timezone.now())
        if back := {"partially_refunded": 1, "refunded": order.total}.get(payment):
            services.refunded(order_id=order.pk, refunded_total=back, now=timezone.now())
    assert states(order) == state
    return order


def _move_goods(order: Order, goods: str) -> None:
    if goods == "unfulfilled":
        return
    ship(order, [1] if goods == "partial" else None, now=timezone.now())
    if goods in ("delivered", "returned"):
        deliver(order, now=timezone.now())
    if goods == "returned":
        backs.come_back(order, [2])


class Callers:
    """Who calls what: the guest of the order, staff, and the customer who has the guest's address."""

    def __init__(self) -> None:
        self.guest = anonymous()
        self.staff = client_of(StaffFactory(permissions=["orders.view_order", "orders.change_order"]))
        self.customer = client_of(UserFactory(email=EMAIL, email_verified_at=timezone.now()))

    def act(self, action: str, order: Order) -> str:
        """Return the status and the code of what an action answers."""
        if action == "expire":
            was = states(order)[0]
            payments.expire_unpaid(now=timezone.now() + timedelta(minutes=31))
            return "expires" if was != states(order)[0] == "expired" else "stays"
        answer = self._call(action, order)
        code = answer.json()["code"] if answer.status_code >= 400 else ""
        return f"{answer.status_code} {code}".strip()

    def _call(self, action: str, order: Order) -> Any:
        line = {"line": str(order.lines.get().pk), "quantity": 1}
        calls: dict[str, Callable[[], Any]] = {
            "pay": lambda: self.guest.post(
                "/api/v1/payments/", {"order": str(order.pk)}, headers=self._of(order, str(uuid4()))
            ),
            "cancel": lambda: self._guest(order, "cancel", {}),
            "cancel lines": lambda: self.staff.post(order_url(order, "cancel"), {"lines": [line]}),
            "send": lambda: self.staff.post(
                order_url(order, "fulfilments"), {"carrier": "dhl", "tracking_number": ""}
            ),
            "deliver": lambda: self.staff.post(order_url(order, "deliver"), {}),
            "ask back": lambda: self._guest(order, "returns", {"lines": [line | {"reason": "too big"}]}),
            "reorder": lambda: self._guest(order, "reorder", {}),
            "claim": lambda: self.customer.post(
                order_url(order, "claim"), {"access_token": access_token(order.pk, order.token_version)}
            ),
        }
        return calls[action]()

    def _guest(self, order: Order, action: str, body: dict[str, Any]) -> Any:
        return self.guest.post(order_url(order, action), body, headers=token_of(order))

    def _of(self, order: Order, key: str) -> dict[str, str]:
        return {"Idempotency-Key": key, **token_of(order)}


@pytest.fixture
def callers(monkeypatch, settings):
    bank = Bank()
    client = bank.client()
    monkeypatch.setattr(stripe_client, "client_for", lambda *_: client)
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test_machine"
    cache.clear()
    return Callers()


def test_of_orders(callers):
    wrong = []
    for state, answers in ANSWERS.items():
        order = reached(state)
        for action in ACTIONS:
            cache.clear()
            before = transaction.savepoint()
            version = Order.objects.get(pk=order.pk).version
            answer = callers.act(action, order)
            moved = Order.objects.get(pk=order.pk).version - version
            if answer != answers[action] or (moved and (answer[0] == "4" or answer == "stays")):
                wrong.append((state, action, answer, answers[action], moved))
            transaction.savepoint_rollback(before)

    assert wrong == []


def test_of_returns(callers):
    wrong = []
    for here, answers in RETURN_ANSWERS.items():
        order = reached(("completed", "paid", "delivered"))
        pk = backs.ask(order, [1], now=timezone.now())
        for step in {
            "approved": [backs.approve],
            "received": [backs.approve, backs.receive],
            "refunded": [backs.approve, backs.receive, backs.refund],
        }.get(here, []):
            step(pk, now=timezone.now())
        if here == "rejected":
            backs.approve(pk, approve=False)
        for to, wanted in answers.items():
            before = transaction.savepoint()
            answer = callers.staff.patch(f"{URL}{order.pk}/returns/{pk}/", {"status": to})
            code = answer.json()["code"] if answer.status_code >= 400 else ""
            said = f"{answer.status_code} {code}".strip()
            now_at = Return.objects.get(pk=pk).status
            if said != wanted or now_at != (to if wanted == "200" else here):
                wrong.append((here, to, said, wanted, now_at))
            transaction.savepoint_rollback(before)

    assert wrong == []
    assert {
        here: tuple(to for to, said in row.items() if said == "200") for here, row in RETURN_ANSWERS.items()
    } == {
        here: tuple(sorted(ways, key=list(RETURN_ANSWERS["requested"]).index))
        for here, ways in RETURN_MOVES.items()
    }
