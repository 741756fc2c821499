"""Goods against each other at the same time: whatever wins, no unit leaves twice, and none that was cancelled."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F

from orders import services
from orders.models import Order, OrderLine
from orders.services import Actor, Parcel, fulfilling
from orders.tests.factories import paid
from orders.tests.invariants import check_invariants
from orders.tests.parcels import clerk, states
from orders.tests.test_races import outcome
from products.models import StockItem
from products.tests.factories import variant
from users.tests.races import together

pytestmark = [pytest.mark.django_db(transaction=True)]

ROUNDS = 8


def send(order: Order, actor: Actor, units: int | None = None) -> str:
    quantities = {order.lines.get().pk: units} if units else None
    parcel = Parcel(carrier="dhl", quantities=quantities)
    return outcome(services.ship, order_id=order.pk, parcel=parcel, actor=actor)


class TestShipping:
    def test_the_last_units_go_out_once(self):
        actor = clerk()
        order = paid(variant(), quantity=3)

        outcomes = Counter(together(8, lambda _: send(order, actor, 2)))

        assert outcomes == {"ok": 1, "validation_failed": 7}
        assert OrderLine.objects.get().shipped == 2
        check_invariants()

    def test_and_cancelling_the_order_cant_both_happen(self):
        actor, lamp = clerk(), variant(on_hand=100)
        for _ in range(ROUNDS):
            order = paid(lamp)

            def either(number, order=order):
                if number:
                    return send(order, actor)
                return outcome(services.cancel_order, order_id=order.pk, actor=actor)

            cancelled, sent = together(2, either)

            assert (cancelled, sent, *states(order)) in (
                ("ok", "transition_not_allowed", "cancelled", "paid", "unfulfilled"),
                ("transition_not_allowed", "ok", "confirmed", "paid", "shipped"),
            )
            check_invariants()

    def test_and_cancelling_units_share_them_out(self):
        actor, lamp = clerk(), variant(on_hand=100)
        for _ in range(ROUNDS):
            order = paid(lamp, quantity=3)
            line = order.lines.get()

            def either(number, order=order, line=line):
                if number:
                    return send(order, actor, 2)
                return outcome(services.cancel_lines, order_id=order.pk, quantities={line.pk: 2}, actor=actor)

            done = together(2, either)

            line.refresh_from_db()
            assert sorted(done) == ["ok", "validation_failed"]
            assert sorted((line.shipped, line.cancelled)) == [0, 2]
            check_invariants()
        assert StockItem.objects.get().reserved == 0

    @pytest.mark.needs_postgres
    def test_negative_control_without_the_lock_only_the_database_keeps_units_from_leaving_twice(
        self, monkeypatch
    ):
        actor, lamp = clerk(), variant(on_hand=100)
        monkeypatch.setattr(fulfilling, "locked", lambda order_id: Order.objects.get(pk=order_id))
        monkeypatch.setattr(fulfilling, "count", unguarded)

        seen = Counter[str]()
        for _ in range(20):
            order = paid(lamp)
            seen += Counter(together(8, partial(attempt, order, actor)))
            if seen["IntegrityError"]:
                break

        assert seen["IntegrityError"] > 0


def unguarded(counter: str, quantities: Any, *, room: Any) -> bool:
    OrderLine.objects.filter(pk__in=quantities).update(**{counter: F(counter) + 1})
    return True


def attempt(order: Order, actor: Actor, _number: int) -> str:
    try:
        return send(order, actor)
    except IntegrityError as error:
        return type(error).__name__
