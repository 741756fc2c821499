"""Money that is authorized when the order is placed, and taken when its goods leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from orders import services as orders
from orders.errors import NotPaid, OrderNotPayable
from orders.models import Order
from orders.selectors.timeline import steps_of
from orders.tests.factories import place
from orders.tests.parcels import cancel_lines, deliver, ship, states
from payments import services
from payments.models import Payment, PaymentException, Receipt, Refund, StripeEvent
from payments.tests.paying import confirm, events, started
from payments.tests.paying import deliver as webhook
from payments.tests.test_events import spread
from products.models import StockItem
from products.tests.factories import variant
from shop.core.errors import Unavailable
from shop.core.ids import new_id
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from tests.stripe_fake_shop import call

pytestmark = pytest.mark.django_db

# Three at 19.90 and 4.90 for shipping.
TOTAL, UNIT = 6460, 1990


@pytest.fixture(autouse=True)
def _on_shipping(settings):
    settings.PAYMENT_CAPTURE = "shipping"


def three() -> Order:
    now = timezone.now()
    return place(variant(now=now), quantity=3, now=now)


def authorized(stripe, order: Order) -> Payment:
    payment = started(order)
    assert confirm(stripe, payment) == 200
    services.settle_payment(payment_id=payment.pk, now=timezone.now())
    payment.refresh_from_db()
    return payment


def capture() -> int:
    spread()
    Payment.objects.update(capture_not_before=None)
    return services.capture_payments(now=timezone.now())


def announced(order: Order) -> list[str]:
    rows = OutboxEvent.objects.filter(key=str(order.pk)).order_by("pk")
    return [row.type.removeprefix("orders.order_") for row in rows]


class TestAuthorize:
    def test_confirms_the_order_and_sells_its_stock(self, stripe):
        order = three()

        payment = authorized(stripe, order)

        assert (payment.status, payment.captured, payment.pays_order) == ("authorized", 0, False)
        assert payment.authorized_at is not None
        assert payment.capture_before == payment.authorized_at + timedelta(days=7)
        assert states(order) == ("confirmed", "authorized", "unfulfilled")
        assert announced(order) == ["placed.v1", "authorized.v1"]
        assert StockItem.objects.values_list("on_hand", "reserved").get() == (7, 0)
        spread()
        assert not Receipt.objects.exists()
        with pytest.raises(OrderNotPayable):
            services.start_payment(order_id=order.pk, now=timezone.now())
        assert services.expire_unpaid(now=timezone.now() + timedelta(days=1)) == 0

    def test_takes_at_once_what_needs_no_parcel(self, stripe):
        order = three()
        order.lines.update(requires_shipping=False)

        payment = started(order)
        confirm(stripe, payment)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())

        assert states(order)[:2] == ("confirmed", "paid")

    def test_works_on_stripes_page_too(self, stripe):
        order = three()
        services.start_payment(order_id=order.pk, mode="checkout", now=timezone.now())

        assert (
            stripe._world.ledger.all("checkout.session")[0]["_fake"]["intent"]["capture_method"] == "manual"
        )


class TestCapture:
    def test_takes_the_money_with_the_first_parcel(self, stripe):
        order = three()
        payment = authorized(stripe, order)
        assert capture() == 0
        ship(order, [1], now=timezone.now())

        assert capture() == 1

        payment.refresh_from_db()
        assert (payment.status, payment.captured, payment.pays_order) == ("succeeded", TOTAL, True)
        assert states(order) == ("confirmed", "paid", "partial")
        assert announced(order) == ["placed.v1", "authorized.v1", "paid.v1"]
        spread()
        assert Receipt.objects.get().payment_id == payment.pk
        ship(order, [2], now=timezone.now())
        assert capture() == 0
        assert StockItem.objects.values_list("on_hand", "reserved").get() == (7, 0)

    def test_pays_an_order_that_has_arrived_already(self, stripe):
        order = three()
        authorized(stripe, order)
        ship(order, now=timezone.now())
        deliver(order, now=timezone.now())
        assert states(order) == ("completed", "authorized", "delivered")

        assert capture() == 1

        assert states(order) == ("completed", "paid", "delivered")

    @pytest.mark.parametrize("how", ["before", "after", "500"])
    def test_takes_it_once_whatever_fails(self, stripe, how):
        order = three()
        payment = authorized(stripe, order)
        ship(order, now=timezone.now())
        stripe.fail_next("POST", "capture$", how)
        assert capture() == 0

        capture()

        assert stripe.get(payment.pi_id)["amount_received"] == TOTAL
        assert states(order)[1] == "paid"

    def test_leaves_what_was_cancelled_before(self, stripe):
        order = three()
        payment = authorized(stripe, order)
        cancel_lines(order, [1], now=timezone.now())
        spread()
        ship(order, now=timezone.now())

        assert capture() == 1

        payment.refresh_from_db()
        order.refresh_from_db()
        assert (payment.captured, payment.released) == (TOTAL - UNIT, UNIT)
        assert stripe.get(payment.pi_id)["amount_received"] == TOTAL - UNIT
        assert (order.payment_status, order.refunded_total) == ("partially_refunded", UNIT)
        assert [step.message for step in steps_of(order) if step.stage == "refunded"] == [
            "The hold on part of your money is released."
        ]
        assert not Refund.objects.exists()
        # An endpoint that Stripe sends an older version than 2025-03-31 hears of a refund, and there is none.
        forged = stripe.make_event("charge.refunded", stripe.get(payment.pi_id)["latest_charge"])
        webhook(stripe, forged)
        assert StripeEvent.objects.get(pk=forged["id"]).processed_at is not None
        assert not Refund.objects.exists()
        assert ("GET", "/v1/refunds") not in {(asked.method, asked.path) for asked in stripe.requests}
        # What comes back later is a refund of what was taken.
        use_case(
            services.request_refund,
            payment_id=payment.pk,
            amount=None,
            reason=Refund.Reason.STAFF,
            actor_id=None,
            now=timezone.now(),
        )
        assert Refund.objects.get().amount == TOTAL - UNIT

    def test_gives_back_what_is_cancelled_while_it_is_taken(self, stripe):
        order = three()
        payment = authorized(stripe, order)
        ship(order, [1], now=timezone.now())
        stripe.fail_next("POST", "capture$", "after")
        capture()
        cancel_lines(order, [1], now=timezone.now())
        take_off: dict[str, Any] = {
            "order_id": order.pk,
            "amount": UNIT,
            "reason": Refund.Reason.LINES_CANCELLED,
            "cancellation_id": new_id(),
        }
        with transaction.atomic(), pytest.raises(Unavailable):
            services.take_off(**take_off, now=timezone.now())

        Payment.objects.update(capture_not_before=None)
        assert services.capture_payments(now=timezone.now()) == 1
        use_case(services.take_off, **take_off, now=timezone.now())

        payment.refresh_from_db()
        assert (payment.captured, payment.released) == (TOTAL, 0)
        assert Refund.objects.get().amount == UNIT
        OutboxEvent.objects.filter(type="orders.lines_cancelled.v1").delete()

    def test_is_done_once_by_two_at_once(self, stripe):
        order = three()
        payment = authorized(stripe, order)
        ship(order, now=timezone.now())
        spread()

        assert sorted([services.capture_payments(now=timezone.now()) for _ in range(2)]) == [0, 1]
        assert [call.path for call in stripe.requests if call.path.endswith("capture")] == [
            f"/v1/payment_intents/{payment.pi_id}/capture"
        ]


class TestLetGo:
    def test_of_a_cancelled_order_cancels_the_intent(self, stripe):
        order = three()
        payment = authorized(stripe, order)
        with transaction.atomic():
            orders.cancel_order(order_id=order.pk, actor=orders.Actor(), now=timezone.now())
        spread()

        assert services.cancel_intents(now=timezone.now()) == 1

        payment.refresh_from_db()
        assert (payment.status, stripe.get(payment.pi_id)["status"]) == ("canceled", "canceled")
        assert states(order) == ("cancelled", "unpaid", "unfulfilled")
        assert StockItem.objects.get().on_hand == 10
        assert not PaymentException.objects.exists()

    def test_of_an_order_whose_stock_is_gone(self, stripe):
        order = three()
        payment = started(order)
        with transaction.atomic():
            orders.expire(order_id=order.pk, now=timezone.now())
        StockItem.objects.update(on_hand=0)
        confirm(stripe, payment)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())

        assert states(order)[0] == "expired"
        assert services.cancel_intents(now=timezone.now()) == 1
        assert stripe.get(payment.pi_id)["status"] == "canceled"


class TestStaff:
    def test_hear_of_an_authorization_that_runs_out(self, stripe):
        order = three()
        payment = authorized(stripe, order)
        soon = timezone.now() + timedelta(days=6, minutes=1)
        assert services.watch_authorizations(now=timezone.now()) == 0

        assert [services.watch_authorizations(now=soon) for _ in range(2)] == [1, 0]

        assert PaymentException.objects.get().kind == "authorization_ending"
        ship(order, now=timezone.now())
        capture()
        assert PaymentException.objects.get().state == "resolved"
        payment.refresh_from_db()
        assert payment.status == "succeeded"

    def test_hear_of_one_that_ran_out_and_the_customer_can_pay_again(self, stripe):
        order = three()
        payment = authorized(stripe, order)
        call(stripe, "POST", f"/v1/payment_intents/{payment.pi_id}/cancel", {}, key="sk_test_dashboard")
        webhook(stripe, events(stripe, "payment_intent.canceled")[0])

        assert states(order) == ("confirmed", "unpaid", "unfulfilled")
        assert PaymentException.objects.get().kind == "authorization_lost"
        with pytest.raises(NotPaid):
            ship(order, now=timezone.now())
        authorized(stripe, order)
        ship(order, now=timezone.now())
        assert capture() == 1
        assert states(order)[1] == "paid"
        assert PaymentException.objects.get().state == "resolved"

    def test_hear_of_a_capture_that_is_refused(self, stripe):
        order = three()
        payment = authorized(stripe, order)
        ship(order, now=timezone.now())
        stripe._world.ledger.find(payment.pi_id)["amount_capturable"] = 1

        assert capture() == 0

        payment.refresh_from_db()
        assert (payment.status, payment.capture_error, payment.capture_amount) == (
            "authorized",
            "amount_too_large",
            None,
        )
        assert PaymentException.objects.get().kind == "capture_failed"
        stripe._world.ledger.find(payment.pi_id)["amount_capturable"] = TOTAL
        assert capture() == 1
        assert PaymentException.objects.get().state == "resolved"


def test_money_that_is_held_or_taken_in_part_is_no_difference_between_the_ledgers(stripe):
    held, parted = three(), three()
    authorized(stripe, held)
    authorized(stripe, parted)
    cancel_lines(parted, [1], now=timezone.now())
    spread()
    ship(parted, [2], now=timezone.now())
    assert capture() == 1

    found = services.reconcile(since=timezone.now() - timedelta(days=7), fix=False, now=timezone.now())

    assert found.looked_at["intents"] == 2
    assert found.left_open == []
    assert Payment.objects.get(order=parted).captured == TOTAL - UNIT
