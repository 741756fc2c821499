"""Sending back, step by step: what comes, what it is worth, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.errors import RefundTooLarge, ReturnWindowClosed, TransitionNotAllowed
from orders.models import Order, OrderLine, Return, ReturnLine
from orders.moves import RETURN_MOVES
from orders.services.goods import worth
from orders.tests.backs import approve, ask, come_back, delivered, receive, refund
from orders.tests.factories import paid
from orders.tests.footprint import footprint
from orders.tests.invariants import check_invariants
from orders.tests.parcels import cancel_lines, clerk, counters, ship, states
from products.models import StockItem
from products.tests.factories import NOW, variant
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from shop.events.models import OutboxEvent

pytestmark = pytest.mark.django_db


def announced() -> list[tuple]:
    rows = OutboxEvent.objects.filter(type="orders.return_moved.v1").order_by("pk")
    return [(row.version, row.payload["status"], row.payload["amount"]) for row in rows]


def came_back() -> list[list[int]]:
    rows = OutboxEvent.objects.filter(type="orders.return_moved.v1").order_by("pk")
    return [[line["quantity"] for line in row.payload["lines"]] for row in rows]


def stored() -> list[tuple]:
    lines = ReturnLine.objects.order_by("pk").values_list("quantity", "received", "restocked", "amount")
    return [*Return.objects.order_by("pk").values_list("status", "version", "amount"), *lines]


class TestSteps:
    def test_lead_from_the_wish_to_the_money(self):
        order = delivered(1990, 500, quantity=2)

        pk = ask(order, [1, 2])
        approve(pk, message="Use the label.")
        receive(pk)
        refund(pk)

        back = Return.objects.get()
        assert (back.status, back.version, back.amount, back.message) == ("refunded", 4, 2990, "")
        assert counters(order) == [(2, 0, 1), (2, 0, 2)]
        assert states(order) == ("completed", "paid", "delivered")
        assert list(StockItem.objects.order_by("pk").values_list("on_hand", flat=True)) == [9, 10]
        assert announced() == [
            (1, "requested", None),
            (2, "approved", None),
            (3, "received", None),
            (4, "refunded", 2990),
        ]
        assert came_back() == [[], [], [1, 2], [1, 2]]
        assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))[-3:] == [
            "orders.return_approved",
            "orders.return_received",
            "orders.return_refunded",
        ]
        check_invariants()

    def test_an_order_all_of_which_came_back_is_returned(self):
        order = delivered(quantity=2)

        come_back(order, [1])
        half = states(order)
        come_back(order, [1])

        assert half == ("completed", "paid", "delivered")
        assert states(order) == ("completed", "paid", "returned")
        check_invariants()

    def test_a_parcel_that_never_arrived_can_come_back(self):
        order = paid()
        ship(order)

        come_back(order, [1])

        assert states(order) == ("completed", "paid", "returned")

    def test_what_cant_be_sold_again_is_written_off(self):
        order = delivered()
        pk = ask(order, [1])
        approve(pk)

        receive(pk, restock=False)

        assert counters(order) == [(1, 0, 1)]
        assert StockItem.objects.get().on_hand == 9
        assert stored()[1] == (1, 1, False, 1990)
        check_invariants()

    def test_less_may_come_than_was_asked_for(self):
        order = delivered(quantity=3)
        pk = ask(order, [3])
        approve(pk)

        receive(pk, [1])
        again = ask(order, [2])

        assert counters(order) == [(3, 0, 1)]
        assert stored()[2] == (3, 1, True, 1990)
        assert Return.objects.get(pk=again).status == "requested"

    def test_staff_may_give_less_or_the_shipping_too(self):
        order = delivered()
        first = come_back(order, [1])

        refund(first, order.total)

        assert order.total == 2480
        assert announced()[-1] == (4, "refunded", 2480)

    def test_nothing_at_all_may_go_back(self):
        order = delivered()

        refund(come_back(order, [1]), 0)

        assert announced()[-1] == (4, "refunded", 0)

    @pytest.mark.parametrize("here", list(RETURN_MOVES))
    @pytest.mark.parametrize("to", ["approved", "rejected", "received", "refunded"])
    def test_go_by_the_table_alone(self, here, to):
        order = delivered()
        pk = ask(order, [1])
        path: dict[str, list[Callable[[UUID], None]]] = {
            "approved": [approve],
            "rejected": [reject],
            "received": [approve, receive],
        }
        path["refunded"] = [approve, receive, refund]
        for step in path.get(here, []):
            step(pk)
        before = (stored(), footprint(), counters(order))
        act = {"approved": approve, "rejected": reject, "received": receive, "refunded": refund}[to]

        if to in RETURN_MOVES[here]:
            act(pk)
            assert Return.objects.get().status == to
        else:
            with pytest.raises(TransitionNotAllowed) as refusal:
                act(pk)
            assert refusal.value.facts == {"from": here, "to": to, "allowed": list(RETURN_MOVES[here])}
            assert (stored(), footprint(), counters(order)) == before


def reject(pk: UUID) -> None:
    approve(pk, approve=False)


class TestAsking:
    def test_takes_no_more_than_was_sent_and_is_not_under_way(self):
        order = delivered(quantity=3)
        ask(order, [1])
        come_back(order, [1])
        before = (stored(), footprint())

        with pytest.raises(ValidationFailed) as refusal:
            ask(order, [2])

        assert [(e.field, e.detail) for e in refusal.value.errors] == [
            ("lines.0.quantity", "Only 1 of this line are left to send back.")
        ]
        assert (stored(), footprint()) == before

    def test_may_be_done_again_after_a_no(self):
        order = delivered()
        reject(ask(order, [1]))

        ask(order, [1])

        assert list(Return.objects.order_by("pk").values_list("status", flat=True)) == [
            "rejected",
            "requested",
        ]

    def test_is_too_early_before_anything_was_sent(self):
        order = paid()

        with pytest.raises(TransitionNotAllowed) as refusal:
            ask(order, [1])

        assert refusal.value.facts["to"] == "returned"
        assert not Return.objects.exists()

    def test_is_in_time_for_fourteen_days_after_the_parcel_arrived(self):
        order = delivered(quantity=2)
        last = NOW + timedelta(days=14)

        ask(order, [1], now=last)
        with pytest.raises(ReturnWindowClosed) as refusal:
            ask(order, [1], now=last + timedelta(seconds=1))

        assert refusal.value.facts == {"closed_at": last.isoformat()}
        assert Return.objects.count() == 1

    def test_staff_ask_at_any_time(self):
        order = delivered()

        ask(order, [1], actor=clerk(), now=NOW + timedelta(days=400))

        assert AuditEntry.objects.filter(action="orders.return_requested").count() == 1

    def test_is_in_time_while_a_part_of_the_line_is_on_its_way(self):
        order = paid(variant(), quantity=2)
        ship(order, [1])
        ship(order, [1])

        ask(order, [2], now=NOW + timedelta(days=100))

        assert Return.objects.count() == 1


class TestRefunding:
    def test_stays_within_the_total(self):
        order = delivered(1990, 500)
        first, second = come_back(order, [1, 0]), come_back(order, [0, 1])
        refund(first, 2400)
        before = (stored(), footprint())

        with pytest.raises(RefundTooLarge) as refusal:
            refund(second, order.total - 2400 + 1)

        assert refusal.value.facts == {"left": "5.80", "currency": "EUR"}
        assert (stored(), footprint()) == before
        refund(second)
        assert announced()[-1] == (4, "refunded", 500)

    def test_counts_what_was_cancelled(self):
        order = paid(variant(), variant(price=500))
        cancel_lines(order, [1, 0])
        ship(order)
        pk = come_back(order, [0, 1])

        with pytest.raises(RefundTooLarge) as refusal:
            refund(pk, order.total)

        assert refusal.value.facts["left"] == "9.90"

    def test_knows_no_return_that_isnt_there(self):
        with pytest.raises(NotFound):
            refund(uuid4())


@pytest.mark.once
class TestWorth:
    @given(data=st.data())
    def test_the_parts_of_a_line_are_its_whole_in_whatever_portions(self, data):
        quantity = data.draw(st.integers(1, 50))
        line = OrderLine(
            quantity=quantity,
            line_total=data.draw(st.integers(0, 10**9)),
            tax_amount=data.draw(st.integers(0, 10**6)),
            cancelled=0,
            returned=0,
        )
        line.discount_amount = data.draw(st.integers(0, line.line_total))
        order = Order(currency="EUR", prices_include_tax=data.draw(st.booleans()))
        whole = line.line_total - line.discount_amount
        whole += 0 if order.prices_include_tax else line.tax_amount

        parts, left = [], quantity
        while left:
            units = data.draw(st.integers(1, left))
            parts.append(worth(order, line, units))
            name = data.draw(st.sampled_from(["cancelled", "returned"]))
            setattr(line, name, getattr(line, name) + units)
            left -= units

        assert sum(parts) == whole
        assert min(parts) >= 0

    def test_of_three_decimals_is_what_a_card_can_be_given(self):
        line = OrderLine(quantity=3, line_total=30_000, discount_amount=10_000, tax_amount=0)
        order = Order(currency="KWD", prices_include_tax=True)

        assert [worth(order, line, units) for units in (1, 2, 3)] == [6670, 13_330, 20_000]
