"""Taking part of an order off it: what goes back to stock, what money is due, what is refused."""

from __future__ import annotations

import pytest

from orders.errors import TransitionNotAllowed
from orders.models import LineCancellation, Order
from orders.tests.factories import paid, place
from orders.tests.footprint import footprint
from orders.tests.invariants import check_invariants
from orders.tests.parcels import cancel_lines, counters, deliver, ship, states
from products.models import StockItem, StockMovement
from products.tests.factories import variant
from shop.core.errors import ValidationFailed
from shop.events.models import OutboxEvent

pytestmark = pytest.mark.django_db


def announced() -> list[dict]:
    rows = OutboxEvent.objects.filter(type="orders.lines_cancelled.v1").order_by("pk")
    return list(rows.values_list("payload", flat=True))


class TestCancelLines:
    def test_takes_units_off_and_puts_them_back_into_stock(self):
        first, second = variant(), variant(price=500)
        order = paid(first, second, quantity=3)

        cancel_lines(order, [2, 0])

        assert counters(order) == [(0, 2, 0), (0, 0, 0)]
        assert states(order) == ("confirmed", "paid", "unfulfilled")
        assert StockItem.objects.get(pk=first.pk).on_hand == 9
        assert StockItem.objects.get(pk=second.pk).on_hand == 7
        row = LineCancellation.objects.get()
        assert (row.quantity, row.amount, row.reason) == (2, 3980, "a test")
        assert announced() == [
            {
                "cancellation_id": str(row.ref),
                "version": 1,
                "order_id": str(order.pk),
                "amount": 3980,
                "currency": "EUR",
                "lines": [{"line_id": str(row.line_id), "quantity": 2}],
            }
        ]
        check_invariants()

    def test_may_be_done_again_for_what_is_left(self):
        made = variant()
        order = paid(made, variant(), quantity=3)

        for _ in range(2):
            cancel_lines(order, [1, 0])

        assert counters(order) == [(0, 2, 0), (0, 0, 0)]
        assert StockItem.objects.get(pk=made.pk).on_hand == 9
        assert [one["amount"] for one in announced()] == [1990, 1990]
        check_invariants()

    def test_of_everything_is_cancelling_the_order(self):
        made = variant()
        order = paid(made, quantity=3)
        cancel_lines(order, [1])

        cancel_lines(order, [2])

        assert states(order) == ("cancelled", "paid", "unfulfilled")
        assert StockItem.objects.get(pk=made.pk).on_hand == 10
        assert StockMovement.objects.filter(kind="restock").count() == 2
        assert OutboxEvent.objects.filter(type="orders.order_cancelled.v1").count() == 1
        check_invariants()

    def test_of_the_rest_leaves_what_was_sent(self):
        order = paid(variant(), variant())
        ship(order, [1, 0])

        cancel_lines(order, [0, 1])

        assert states(order) == ("confirmed", "paid", "shipped")
        check_invariants()

    def test_refuses_what_was_sent(self):
        order = paid(variant(), quantity=3)
        ship(order, [2])
        before = (footprint(), counters(order))

        with pytest.raises(ValidationFailed) as refusal:
            cancel_lines(order, [2])

        assert [(e.field, e.code, e.detail) for e in refusal.value.errors] == [
            ("lines.0.quantity", "max_value", "Only 1 of this line are left to cancel.")
        ]
        assert (footprint(), counters(order)) == before

    def test_refuses_an_order_that_isnt_confirmed(self):
        pending, gone, done = place(), place(), paid()
        Order.objects.filter(pk=gone.pk).update(status="cancelled")
        ship(done)
        deliver(done)
        before = footprint()

        for order in (pending, gone, done):
            with pytest.raises(TransitionNotAllowed):
                cancel_lines(order, [1])

        assert footprint() == before
        assert not LineCancellation.objects.exists()

    def test_the_parts_of_a_line_are_worth_the_whole_of_it(self):
        order = paid(variant(price=1999), variant(), quantity=3)
        # As a discount of a cent for three units leaves it.
        line = order.lines.order_by("position").first()
        assert line is not None
        whole = line.line_total - line.discount_amount

        for _ in range(3):
            cancel_lines(order, [1, 0])

        assert sum(one["amount"] for one in announced()) == whole
