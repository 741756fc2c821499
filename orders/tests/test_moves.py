"""The table of moves, every pair of it, and the history that each move writes."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import transaction

from orders.errors import TransitionNotAllowed
from orders.models import Order, OrderMove
from orders.moves import FULFILMENT, MOVES, PAYMENT, STATUS, allowed
from orders.services import Actor, moving
from orders.tests.factories import paid, place
from orders.tests.invariants import check_invariants
from products.tests.factories import NOW
from shop.core.errors import NotFound
from shop.core.transactions import TransactionRequired

pytestmark = [pytest.mark.django_db, pytest.mark.once]

CHOICES = {
    STATUS: Order.Status.values,
    PAYMENT: Order.PaymentStatus.values,
    FULFILMENT: Order.FulfilmentStatus.values,
}
PAIRS = [
    (axis, here, to) for axis, states in CHOICES.items() for here in states for to in states if here != to
]


def move(order: Order, axis: str, to: str, actor: Actor = Actor(cause="a test")) -> Order:  # noqa: B008
    with transaction.atomic():
        locked = moving.locked(order.pk)
        moving.move(locked, axis, to, actor=actor, now=NOW)
    return locked


class TestTable:
    def test_names_every_state_of_each_axis(self):
        assert {axis: set(MOVES[axis]) for axis in MOVES} == {
            axis: set(states) for axis, states in CHOICES.items()
        }

    def test_leads_nowhere_unknown(self):
        assert all(to in CHOICES[axis] for axis in MOVES for ways in MOVES[axis].values() for to in ways)

    def test_has_no_way_out_of_an_end(self):
        ends = ("cancelled", "completed", "expired")

        assert [allowed(STATUS, state) for state in ends] == [(), (), ("confirmed",)]
        assert allowed(FULFILMENT, "returned") == ()


class TestMove:
    @pytest.mark.parametrize(("axis", "here", "to"), PAIRS)
    def test_follows_the_table_and_nothing_else(self, axis, here, to):
        order = place()
        Order.objects.filter(pk=order.pk).update(**{axis: here})

        if to in MOVES[axis][here]:
            moved = move(order, axis, to)
            assert (getattr(moved, axis), moved.version) == (to, 2)
            step = OrderMove.objects.get(order=order, version=2)
            assert (step.axis, step.from_state, step.to_state) == (axis, here, to)
        else:
            with pytest.raises(TransitionNotAllowed) as refused:
                move(order, axis, to)
            assert refused.value.facts == {"from": here, "to": to, "allowed": list(MOVES[axis][here])}
            assert OrderMove.objects.filter(order=order).count() == 1
        order.refresh_from_db()
        assert getattr(order, axis) == (to if to in MOVES[axis][here] else here)
        assert order.version == (2 if to in MOVES[axis][here] else 1)

    @pytest.mark.parametrize("axis", CHOICES)
    def test_does_nothing_when_it_is_there_already(self, axis):
        order = place()

        move(order, axis, getattr(order, axis))

        order.refresh_from_db()
        assert (order.version, order.moves.count()) == (1, 1)

    def test_writes_down_who_why_and_when(self):
        order, staff = place(), uuid4()

        move(order, STATUS, "cancelled", Actor(kind=OrderMove.Actor.STAFF, id=staff, cause="asked by phone"))

        step = order.moves.get(version=2)
        assert (step.actor, step.actor_id, step.cause, step.at) == ("staff", staff, "asked by phone", NOW)

    def test_refuses_when_the_order_has_moved_since_it_was_read(self):
        """On a database without row locks the version in the condition is what counts."""
        order = place()
        with transaction.atomic():
            stale = moving.locked(order.pk)
            Order.objects.filter(pk=order.pk).update(version=2)

            with pytest.raises(TransitionNotAllowed):
                moving.move(stale, STATUS, "confirmed", actor=Actor(), now=NOW)

        order.refresh_from_db()
        assert (order.status, order.version, order.moves.count()) == ("pending", 2, 1)

    def test_leaves_a_chain_without_gaps(self):
        order = paid()

        steps = order.moves.order_by("version").values_list("version", "axis", "from_state", "to_state")

        assert list(steps) == [
            (1, STATUS, "", "pending"),
            (2, STATUS, "pending", "confirmed"),
            (3, PAYMENT, "unpaid", "paid"),
        ]
        check_invariants()


class TestLocked:
    def test_refuses_outside_a_transaction(self):
        with pytest.raises(TransactionRequired):
            moving.locked(uuid4())

    def test_refuses_an_order_that_is_missing(self):
        with pytest.raises(NotFound), transaction.atomic():
            moving.locked(uuid4())
