"""Returns against each other at the same time: each unit comes back once, and each step is taken once."""

from __future__ import annotations

from collections import Counter

import pytest

from orders import services
from orders.models import Order, ReturnLine
from orders.services import WantedBack, returning
from orders.tests.backs import approve, ask, come_back, delivered
from orders.tests.invariants import check_invariants
from orders.tests.parcels import clerk, counters
from orders.tests.test_races import outcome
from products.models import StockItem
from shop.events.models import OutboxEvent
from users.tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


class TestReturns:
    def test_of_the_same_units_are_asked_for_once(self):
        order = delivered(quantity=3)
        wanted = {order.lines.get().pk: WantedBack(quantity=2, reason="x")}
        actor = clerk()

        outcomes = together(
            8,
            lambda _: outcome(services.request_return, order_id=order.pk, wanted=wanted, actor=actor),
        )

        assert Counter(outcomes) == {"ok": 1, "validation_failed": 7}
        check_invariants()

    @pytest.mark.needs_postgres
    def test_negative_control_without_the_lock_the_same_units_are_asked_for_twice(self, monkeypatch):
        actor = clerk()
        monkeypatch.setattr(returning, "locked", lambda order_id: Order.objects.get(pk=order_id))
        most = 0
        for _ in range(20):
            order = delivered()
            wanted = {order.lines.get().pk: WantedBack(quantity=1, reason="x")}

            def one(_number, order=order, wanted=wanted):
                return outcome(services.request_return, order_id=order.pk, wanted=wanted, actor=actor)

            together(8, one)
            most = max(most, ReturnLine.objects.filter(line__order=order).count())
            if most > 1:
                break
        assert most > 1

    def test_are_received_and_refunded_once(self):
        order = delivered(quantity=2)
        pk = ask(order, [2])
        approve(pk)
        said = {"return_id": pk, "message": "", "actor": clerk()}

        received = together(6, lambda _: outcome(services.receive_return, received=None, **said))
        refunded = together(6, lambda _: outcome(services.refund_return, amount=None, **said))

        assert Counter(received) == Counter(refunded) == {"ok": 1, "transition_not_allowed": 5}
        assert counters(order) == [(2, 0, 2)]
        assert StockItem.objects.get().on_hand == 10
        assert OutboxEvent.objects.filter(type="orders.return_moved.v1").count() == 4
        check_invariants()

    def test_of_one_order_share_what_can_be_refunded(self):
        order = delivered(1990, 1990)
        pks = [come_back(order, units) for units in ([1, 0], [0, 1])]
        actor = clerk()

        def one(number):
            return outcome(
                services.refund_return, return_id=pks[number], amount=order.total, message="", actor=actor
            )

        assert Counter(together(2, one)) == {"ok": 1, "refund_too_large": 1}
