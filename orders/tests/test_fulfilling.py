"""Parcels: what may be sent and when, what arrives, and what the order says of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from orders import services
from orders.errors import NotPaid, TransitionNotAllowed
from orders.models import Carrier, Order, OrderLine, Shipment
from orders.services import Parcel
from orders.tests.factories import paid, place
from orders.tests.footprint import footprint
from orders.tests.invariants import check_invariants
from orders.tests.parcels import cancel_lines, clerk, counters, deliver, ship, states
from products.tests.factories import NOW, variant
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from shop.events.models import OutboxEvent
from tests.statements import statements

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=2)


def announced(kind: str) -> list[tuple]:
    rows = OutboxEvent.objects.filter(type=f"orders.{kind}.v1").order_by("pk")
    return [(row.key, row.version, row.payload) for row in rows]


class TestShip:
    def test_sends_everything_that_is_left(self):
        order = paid(variant(), variant(), quantity=2)

        key = ship(order)

        assert states(order) == ("confirmed", "paid", "shipped")
        assert counters(order) == [(2, 0, 0), (2, 0, 0)]
        parcel = Shipment.objects.get()
        assert (parcel.pk, parcel.position, parcel.carrier, parcel.carrier_name) == (key, 1, "dhl", "DHL")
        assert parcel.tracking_url.endswith("?piececode=00%2034%2F1")
        payload = {"shipment_id": str(key), "version": 1, "order_id": str(order.pk), "last": True}
        assert announced("shipment_sent") == [(str(key), 1, payload)]
        check_invariants()

    def test_sends_a_part_and_then_the_rest(self):
        order = paid(variant(), variant(), quantity=3)

        ship(order, [1, 0])
        partial = states(order)
        ship(order, [2, 3], carrier="A man on a bicycle", tracking_number="")

        assert partial == ("confirmed", "paid", "partial")
        assert states(order) == ("confirmed", "paid", "shipped")
        assert list(Shipment.objects.order_by("position").values_list("carrier_name", "tracking_url")) == [
            ("DHL", Shipment.objects.get(position=1).tracking_url),
            ("A man on a bicycle", ""),
        ]
        assert [payload["last"] for _, _, payload in announced("shipment_sent")] == [False, True]
        check_invariants()

    def test_leaves_out_what_needs_no_parcel(self):
        order = paid(variant(), variant(requires_shipping=False))

        ship(order)

        assert counters(order) == [(1, 0, 0), (0, 0, 0)]
        assert states(order)[2] == "shipped"

    def test_is_written_down_with_who_did_it(self):
        order = paid()

        ship(order)

        entry = AuditEntry.objects.get(action="orders.shipped")
        move = order.moves.get(to_state="shipped")
        assert (move.actor, move.actor_id) == ("staff", entry.actor_id)

    @pytest.mark.parametrize("said", ["DHL", "dhl", "Dhl"])
    def test_knows_a_carrier_by_code_or_name_in_any_case(self, said):
        order = paid()

        ship(order, carrier=said)

        assert Shipment.objects.values_list("carrier", "carrier_name").get() == (said, "DHL")

    def test_knows_no_carrier_that_is_switched_off(self):
        Carrier.objects.filter(code="dhl").update(is_active=False)
        order = paid()

        ship(order)

        assert Shipment.objects.values_list("carrier_name", "tracking_url").get() == ("dhl", "")

    @pytest.mark.parametrize("state", ["unpaid", "processing", "failed", "refunded"])
    def test_refuses_goods_for_money_that_isnt_there(self, state):
        order = paid()
        Order.objects.filter(pk=order.pk).update(payment_status=state)
        before = footprint()

        with pytest.raises(NotPaid):
            ship(order)

        assert footprint() == before

    def test_refuses_a_pending_order(self):
        order = place()
        before = footprint()

        with pytest.raises(NotPaid):
            ship(order)

        assert footprint() == before

    @pytest.mark.parametrize("state", ["authorized", "partially_refunded"])
    def test_takes_money_that_is_held_and_a_part_that_went_back(self, state):
        order = paid()
        Order.objects.filter(pk=order.pk).update(payment_status=state)

        ship(order)

        assert states(order) == ("confirmed", state, "shipped")

    @pytest.mark.parametrize("state", ["cancelled", "expired", "completed"])
    def test_refuses_an_order_that_has_ended(self, state):
        order = paid()
        Order.objects.filter(pk=order.pk).update(status=state)
        before = footprint()

        with pytest.raises(TransitionNotAllowed) as refusal:
            ship(order)

        assert refusal.value.facts == {"from": "unfulfilled", "to": "shipped", "allowed": ["delivered"]}
        assert footprint() == before

    def test_refuses_a_second_time(self):
        order = paid()
        ship(order)
        before = footprint()

        with pytest.raises(TransitionNotAllowed):
            ship(order)

        assert footprint() == before

    def test_refuses_more_than_is_left_and_lines_of_others(self):
        order, other = paid(variant(), quantity=3), paid()
        cancel_lines(order, [1])
        line, foreign = order.lines.get(), other.lines.get()
        before = footprint()

        parcel = Parcel(carrier="dhl", quantities={line.pk: 3, foreign.pk: 1})
        with pytest.raises(ValidationFailed) as refusal:
            services.ship(order_id=order.pk, parcel=parcel, actor=clerk(), now=NOW)

        assert [(e.field, e.code) for e in refusal.value.errors] == [
            ("lines.0.quantity", "max_value"),
            ("lines.1.line", "does_not_exist"),
        ]
        assert refusal.value.errors[0].detail == "Only 2 of this line are left to send."
        assert footprint() == before

    def test_costs_the_same_for_one_line_and_for_twenty(self):
        one, twenty = paid(), paid(*(variant() for _ in range(20)))
        actor = clerk()

        def cost(order: Order) -> int:
            with statements() as seen, transaction.atomic():
                services.ship(order_id=order.pk, parcel=Parcel(carrier="dhl"), actor=actor, now=NOW)
            return len(seen)

        assert cost(one) == cost(twenty)


class TestDeliver:
    def test_completes_an_order_all_of_which_has_arrived(self):
        order = paid()
        key = ship(order)

        deliver(order, now=LATER)

        assert states(order) == ("completed", "paid", "delivered")
        assert Shipment.objects.values_list("delivered_at", "version").get() == (LATER, 2)
        payload = {"shipment_id": str(key), "version": 2, "order_id": str(order.pk)}
        assert announced("shipment_delivered") == [(str(key), 2, payload)]
        check_invariants()

    def test_waits_for_every_parcel(self):
        order = paid(variant(), variant())
        first, second = ship(order, [1, 0]), ship(order, [0, 1])

        deliver(order, first)
        between = states(order)
        deliver(order, second)

        assert between == ("confirmed", "paid", "shipped")
        assert states(order) == ("completed", "paid", "delivered")
        check_invariants()

    def test_completes_nothing_while_a_part_is_still_to_be_sent(self):
        order = paid(variant(), variant())
        ship(order, [1, 0])

        deliver(order)
        between = states(order)
        ship(order)
        deliver(order)

        assert between == ("confirmed", "paid", "partial")
        assert states(order) == ("completed", "paid", "delivered")

    def test_completes_what_arrived_once_the_rest_is_cancelled(self):
        order = paid(variant(), variant())
        ship(order, [1, 0])
        deliver(order)

        cancel_lines(order, [0, 1])

        assert states(order) == ("completed", "paid", "delivered")
        check_invariants()

    def test_hands_over_what_needs_no_parcel(self):
        order = paid(variant(requires_shipping=False))

        deliver(order)

        assert states(order) == ("completed", "paid", "delivered")
        check_invariants()

    def test_refuses_when_nothing_is_on_its_way(self):
        order = paid()
        before = (states(order), OutboxEvent.objects.count(), AuditEntry.objects.count())

        with pytest.raises(TransitionNotAllowed):
            deliver(order)

        assert (states(order), OutboxEvent.objects.count(), AuditEntry.objects.count()) == before

    def test_refuses_a_second_time(self):
        order = paid()
        ship(order)
        deliver(order)
        before = (states(order), OutboxEvent.objects.count())

        with pytest.raises(TransitionNotAllowed):
            deliver(order, now=LATER)

        assert (states(order), OutboxEvent.objects.count()) == before
        assert Shipment.objects.get().delivered_at == NOW

    def test_knows_no_parcel_of_another_order(self):
        order, other = paid(), paid()
        ship(order)
        foreign = ship(other)

        for key in (foreign, uuid4()):
            with pytest.raises(NotFound):
                deliver(order, key)

        assert not Shipment.objects.filter(delivered_at__isnull=False).exists()


class TestCounters:
    def test_the_database_sends_no_more_than_there_is(self):
        order = paid(variant(), quantity=2)
        line = OrderLine.objects.get(order=order)

        for change in ({"shipped": 3}, {"shipped": 1, "cancelled": 2}, {"shipped": 1, "returned": 2}):
            with pytest.raises(Exception, match="orders_line_goods_within_quantity"), transaction.atomic():
                OrderLine.objects.filter(pk=line.pk).update(**change)
