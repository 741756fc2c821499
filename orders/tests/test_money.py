"""What money does to an order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from orders import services
from orders.errors import TransitionNotAllowed
from orders.models import Order
from orders.tests.factories import paid, place
from orders.tests.invariants import check_invariants
from products.errors import OutOfStock
from products.models import Reservation, StockItem, StockMovement
from products.tests.factories import NOW, variant
from shop.events.models import OutboxEvent

pytestmark = pytest.mark.django_db

LATE = NOW + timedelta(hours=1)


def call(service, **values):
    with transaction.atomic():
        service(**values)


def stock(sold) -> tuple[int, int]:
    item = StockItem.objects.get(pk=sold.pk)
    return item.on_hand, item.reserved


def facts(order: Order) -> tuple:
    """Return everything that a refused step may not change."""
    order.refresh_from_db()
    return (
        (order.status, order.payment_status, order.refunded_total, order.version),
        order.moves.count(),
        OutboxEvent.objects.count(),
        StockMovement.objects.count(),
        list(StockItem.objects.order_by("pk").values_list("on_hand", "reserved")),
        list(Reservation.objects.order_by("pk").values_list("state", "expires_at")),
    )


class TestMarkPaid:
    def test_sells_what_was_held_and_announces_it(self):
        lamp = variant(on_hand=5)
        order = place(lamp, quantity=2)

        call(services.mark_paid, order_id=order.pk, now=NOW)

        order.refresh_from_db()
        assert (order.status, order.payment_status, order.version) == ("confirmed", "paid", 3)
        assert stock(lamp) == (3, 0)
        event = OutboxEvent.objects.get(type="orders.order_paid.v1")
        assert (event.key, event.version) == (str(order.pk), 3)
        assert event.payload == {
            "version": 3,
            "order_id": str(order.pk),
            "user_id": None,
            "currency": "EUR",
            "total": 2 * 1990 + 490,
            "cart_id": str(order.cart_id),
            "lines": [{"product_id": lamp.product_id, "variant_id": lamp.pk, "quantity": 2}],
        }
        check_invariants()

    @pytest.mark.parametrize("refund", [0, 100, 2480])
    def test_does_nothing_once_the_money_was_here_however_much_went_back(self, refund):
        order = paid()
        if refund:
            call(services.refunded, order_id=order.pk, refunded_total=refund, now=NOW)
        before = facts(order)

        call(services.mark_paid, order_id=order.pk, now=LATE)

        assert facts(order) == before

    def test_refuses_a_cancelled_order_and_changes_nothing(self):
        order = place()
        call(services.cancel_order, order_id=order.pk, actor=services.Actor(), now=NOW)
        before = facts(order)

        with pytest.raises(TransitionNotAllowed):
            call(services.mark_paid, order_id=order.pk, now=NOW)

        assert facts(order) == before

    def test_confirms_an_expired_order_while_there_is_stock(self):
        lamp = variant(on_hand=1)
        order = place(lamp)
        call(services.expire, order_id=order.pk, now=LATE)
        assert stock(lamp) == (1, 0)

        call(services.mark_paid, order_id=order.pk, now=LATE)

        order.refresh_from_db()
        assert (order.status, order.payment_status) == ("confirmed", "paid")
        assert stock(lamp) == (0, 0)
        check_invariants()

    def test_refuses_an_expired_order_whose_stock_is_gone_and_changes_nothing(self):
        lamp = variant(on_hand=1)
        late = place(lamp)
        call(services.expire, order_id=late.pk, now=LATE)
        paid(lamp, now=LATE)
        before = facts(late)

        with pytest.raises(OutOfStock):
            call(services.mark_paid, order_id=late.pk, now=LATE)

        assert facts(late) == before
        assert before[0][:2] == ("expired", "unpaid")
        check_invariants()

    def test_holds_again_what_a_pending_order_has_lost(self):
        lamp, shade = variant(on_hand=1), variant(on_hand=3)
        late = place(lamp, shade)
        quick = place(lamp, now=LATE)
        call(services.cancel_order, order_id=quick.pk, actor=services.Actor(), now=LATE)

        call(services.mark_paid, order_id=late.pk, now=LATE)

        assert (stock(lamp), stock(shade)) == ((0, 0), (2, 0))
        check_invariants()


class TestPaymentProgressed:
    @pytest.mark.parametrize("under_way", ["processing", "authorized"])
    def test_keeps_the_holds_while_money_is_under_way(self, under_way):
        order = place()

        call(services.payment_progressed, order_id=order.pk, payment_status=under_way, now=NOW)

        assert Reservation.objects.get().expires_at is None
        order.refresh_from_db()
        assert (order.status, order.payment_status, order.version) == ("pending", under_way, 2)

    @pytest.mark.parametrize("back", ["unpaid", "failed"])
    def test_lets_them_run_out_again_when_it_is_not(self, back):
        order = place()
        call(services.payment_progressed, order_id=order.pk, payment_status="processing", now=NOW)

        call(services.payment_progressed, order_id=order.pk, payment_status=back, now=NOW)

        assert Reservation.objects.get().expires_at == order.payment_due_at

    def test_keeps_a_hold_from_the_next_buyer_however_late(self):
        lamp = variant(on_hand=1)
        order = place(lamp)
        call(services.payment_progressed, order_id=order.pk, payment_status="processing", now=NOW)

        with pytest.raises(OutOfStock):
            place(lamp, now=NOW + timedelta(days=9))

        assert stock(lamp) == (1, 1)

    def test_refuses_a_paid_order_and_changes_nothing(self):
        order = paid()
        before = facts(order)

        with pytest.raises(TransitionNotAllowed):
            call(services.payment_progressed, order_id=order.pk, payment_status="failed", now=NOW)

        assert facts(order) == before


class TestRefunded:
    def test_counts_up_to_the_whole_total(self):
        order = paid()
        seen = []

        for amount in (100, 500, order.total):
            call(services.refunded, order_id=order.pk, refunded_total=amount, now=NOW)
            order.refresh_from_db()
            seen.append((order.refunded_total, order.payment_status, order.version))

        assert seen == [
            (100, "partially_refunded", 4),
            (500, "partially_refunded", 4),
            (2480, "refunded", 5),
        ]
        check_invariants()

    def test_goes_back_when_a_refund_fails(self):
        order = paid()
        call(services.refunded, order_id=order.pk, refunded_total=order.total, now=NOW)

        call(services.refunded, order_id=order.pk, refunded_total=0, now=NOW)

        order.refresh_from_db()
        assert (order.refunded_total, order.payment_status) == (0, "paid")

    def test_leaves_the_state_of_an_order_that_never_was_paid(self):
        order = place()
        call(services.cancel_order, order_id=order.pk, actor=services.Actor(), now=NOW)

        call(services.refunded, order_id=order.pk, refunded_total=order.total, now=NOW)

        order.refresh_from_db()
        assert (order.refunded_total, order.payment_status, order.version) == (order.total, "unpaid", 2)
