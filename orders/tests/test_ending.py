"""How an order ends before it was sent."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import transaction

from cart import handlers
from cart import services as carts
from cart.models import Coupon, CustomerUses, Promotion, Redemption
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from orders import services
from orders.errors import TransitionNotAllowed
from orders.events import OrderCancelled, OrderExpired, OrderPaid
from orders.models import Order, OrderMove
from orders.tests.factories import paid, place, place_cart, ship
from orders.tests.invariants import check_invariants
from orders.tests.test_money import LATE, call, facts, stock
from products.models import Reservation, StockMovement
from products.tests.factories import NOW, variant
from shop.core.errors import NotFound
from shop.events.models import OutboxEvent
from shop.events.registry import Received

pytestmark = pytest.mark.django_db

STAFF = services.Actor(kind=OrderMove.Actor.STAFF, id=uuid4(), cause="asked by phone")


def cancel(order, actor=STAFF):
    call(services.cancel_order, order_id=order.pk, actor=actor, now=LATE)
    order.refresh_from_db()


def announced(order, name) -> dict:
    event = OutboxEvent.objects.get(type=name)
    assert (event.key, event.version) == (str(order.pk), order.version)
    return event.payload


class TestCancel:
    def test_gives_back_what_a_pending_order_holds(self):
        lamp = variant(on_hand=2)
        order = place(lamp, quantity=2)

        cancel(order)

        assert (order.status, order.payment_status, order.version) == ("cancelled", "unpaid", 2)
        assert stock(lamp) == (2, 0)
        assert not StockMovement.objects.filter(ref=order.pk).exists()
        assert announced(order, "orders.order_cancelled.v1")["was_paid"] is False
        check_invariants()

    def test_puts_back_what_a_paid_order_took_exactly_once(self):
        lamp = variant(on_hand=2)
        order = paid(lamp, quantity=2)

        cancel(order)

        assert (order.status, order.payment_status, order.version) == ("cancelled", "paid", 4)
        assert stock(lamp) == (2, 0)
        restock = StockMovement.objects.get(kind="restock")
        assert (restock.delta, restock.ref, restock.actor_id) == (2, order.pk, STAFF.id)
        assert announced(order, "orders.order_cancelled.v1") == {
            "version": 4, "order_id": str(order.pk), "cart_id": str(order.cart_id), "was_paid": True,
        }  # fmt: skip
        check_invariants()

    def test_says_that_money_must_go_back_while_some_of_it_is_still_here(self):
        order = paid()
        call(services.refunded, order_id=order.pk, refunded_total=100, now=NOW)

        cancel(order)

        assert announced(order, "orders.order_cancelled.v1")["was_paid"] is True

    def test_writes_down_who_did_it(self):
        order = place()

        cancel(order)

        step = order.moves.get(version=2)
        assert (step.actor, step.actor_id, step.cause, step.at) == ("staff", STAFF.id, "asked by phone", LATE)

    def test_refuses_a_second_time_and_changes_nothing(self):
        order = paid()
        cancel(order)
        before = facts(order)

        with pytest.raises(TransitionNotAllowed) as refused:
            cancel(order)

        assert refused.value.facts == {"from": "cancelled", "to": "cancelled", "allowed": []}
        assert facts(order) == before

    def test_refuses_an_expired_order_and_changes_nothing(self):
        order = place()
        call(services.expire, order_id=order.pk, now=LATE)
        before = facts(order)

        with pytest.raises(TransitionNotAllowed):
            cancel(order)

        assert facts(order) == before

    @pytest.mark.parametrize("states", [["partial"], ["shipped"], ["shipped", "delivered"]])
    def test_refuses_once_something_was_sent_and_changes_nothing(self, states):
        order = paid()
        ship(order, *states)
        before = facts(order)

        with pytest.raises(TransitionNotAllowed) as refused:
            cancel(order)

        assert refused.value.facts == {"from": "confirmed", "to": "cancelled", "allowed": ["completed"]}
        assert facts(order) == before

    def test_refuses_an_order_that_is_missing(self):
        with pytest.raises(NotFound):
            call(services.cancel_order, order_id=uuid4(), actor=STAFF, now=NOW)


class TestExpire:
    def test_gives_back_what_was_held(self):
        lamp = variant(on_hand=1)
        order = place(lamp)

        call(services.expire, order_id=order.pk, now=LATE)

        order.refresh_from_db()
        assert (order.status, order.payment_status, order.version) == ("expired", "unpaid", 2)
        assert stock(lamp) == (1, 0)
        assert Reservation.objects.get().state == "released"
        assert announced(order, "orders.order_expired.v1")["cart_id"] == str(order.cart_id)
        check_invariants()

    def test_does_nothing_a_second_time(self):
        order = place()
        call(services.expire, order_id=order.pk, now=LATE)
        before = facts(order)

        call(services.expire, order_id=order.pk, now=LATE)

        assert facts(order) == before

    @pytest.mark.parametrize("end", ["mark_paid", "cancel_order"])
    def test_refuses_what_is_not_pending_and_changes_nothing(self, end):
        order = place()
        more = {"actor": STAFF} if end == "cancel_order" else {}
        call(getattr(services, end), order_id=order.pk, now=NOW, **more)
        before = facts(order)

        with pytest.raises(TransitionNotAllowed):
            call(services.expire, order_id=order.pk, now=LATE)

        assert facts(order) == before

    def test_leaves_alone_what_another_buyer_has_taken_over(self):
        lamp = variant(on_hand=1)
        late = place(lamp)
        paid(lamp, now=LATE)

        call(services.expire, order_id=late.pk, now=LATE)

        assert stock(lamp) == (0, 0)
        check_invariants()


class TestCoupons:
    @pytest.fixture
    def order(self) -> Order:
        selling()
        who = shopper()
        filled(who, variant())
        coupon(max_uses=1, max_uses_each=1)
        Coupon.objects.update(max_uses=1)
        carts.add_coupon(owner=who.owner, code="TEN", now=NOW)
        return place_cart(who, bound_for(who).totals.total)

    def hear(self, kind, order):
        """Deliver what was announced to the carts, as the consumer does."""
        row = OutboxEvent.objects.get(type=kind.type)
        event = Received(
            id=row.event_id,
            type=row.type,
            key=row.key,
            occurred_at=row.occurred_at,
            fact=kind.parse(row.payload),
        )
        with transaction.atomic():
            (handlers.on_paid if kind is OrderPaid else handlers.on_ended)(event, LATE)

    def test_are_given_back_once_by_the_event_of_a_cancellation(self, order):
        cancel(order)
        assert counted() == (1, 1, 1, "held")

        for _ in range(2):
            self.hear(OrderCancelled, order)

        assert counted() == (0, 0, 0, "released")
        check_invariants()

    def test_are_given_back_by_the_event_of_an_expiry(self, order):
        call(services.expire, order_id=order.pk, now=LATE)

        self.hear(OrderExpired, order)

        assert counted() == (0, 0, 0, "released")
        check_invariants()

    def test_are_held_again_when_the_money_came_after_all(self, order):
        call(services.expire, order_id=order.pk, now=LATE)
        self.hear(OrderExpired, order)
        call(services.mark_paid, order_id=order.pk, now=LATE)

        for _ in range(2):
            self.hear(OrderPaid, order)

        assert counted() == (1, 1, 1, "held")
        check_invariants()

    @pytest.mark.parametrize("model", [Coupon, Promotion])
    def test_stay_released_when_the_last_use_has_gone_to_somebody_else(self, order, model):
        call(services.expire, order_id=order.pk, now=LATE)
        self.hear(OrderExpired, order)
        model.objects.update(used=1)
        before = counted()
        call(services.mark_paid, order_id=order.pk, now=LATE)

        self.hear(OrderPaid, order)

        assert counted() == before
        order.refresh_from_db()
        assert (order.status, order.coupons) == ("confirmed", ["TEN"])

    def test_of_an_order_that_is_paid_in_time_are_left_alone(self, order):
        call(services.mark_paid, order_id=order.pk, now=NOW)

        self.hear(OrderPaid, order)

        assert counted() == (1, 1, 1, "held")

    def test_of_an_event_that_is_older_than_the_field_are_left_alone(self, order):
        call(services.mark_paid, order_id=order.pk, now=NOW)
        row = OutboxEvent.objects.get(type=OrderPaid.type)
        del row.payload["cart_id"]
        row.save()

        self.hear(OrderPaid, order)

        assert counted() == (1, 1, 1, "held")


def counted() -> tuple:
    """Return what code, promotion and customer count, and the state of the one use."""
    rows = (model.objects.values_list("used", flat=True).get() for model in (Coupon, Promotion, CustomerUses))
    return (*rows, Redemption.objects.get().state)
