"""Orders that aren't paid in time, money that comes too late, money that doesn't match."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from orders import services as orders
from orders.models import Order
from orders.tests.factories import place
from payments import gateway, services
from payments.models import Payment, PaymentException, Refund
from payments.tests.paying import an_order, confirm, paid, started
from products.models import StockItem
from products.tests.factories import variant
from shop.events.models import OutboxEvent
from users.tests.races import together

pytestmark = pytest.mark.django_db


def later(minutes: float = 31) -> datetime:
    return timezone.now() + timedelta(minutes=minutes)


def cancel(order: Order) -> None:
    with transaction.atomic():
        orders.cancel_order(order_id=order.pk, actor=orders.Actor(), now=timezone.now())
        services.give_back(order_id=order.pk, now=timezone.now())


def states(order: Order) -> tuple[str, str]:
    order.refresh_from_db()
    return order.status, order.payment_status


class TestExpireUnpaid:
    def test_cancels_at_stripe_first_and_frees_the_stock(self, stripe):
        lamp = variant(now=timezone.now())
        order = place(lamp, quantity=3, now=timezone.now())
        payment = started(order)

        assert services.expire_unpaid(now=later(29)) == 0
        assert services.expire_unpaid(now=later()) == 1

        payment.refresh_from_db()
        assert states(order) == ("expired", "unpaid")
        assert (payment.status, stripe.get(payment.pi_id)["status"]) == ("canceled", "canceled")
        assert StockItem.objects.get(pk=lamp.pk).reserved == 0
        assert confirm(stripe, payment) == 400
        assert services.expire_unpaid(now=later()) == 0

    def test_needs_no_stripe_where_nobody_began_to_pay(self, stripe):
        order = an_order()

        assert services.expire_unpaid(now=later()) == 1

        assert states(order) == ("expired", "unpaid")
        assert stripe.requests == []

    def test_leaves_an_order_that_stripe_has_been_paid_for(self, stripe):
        order = an_order()
        confirm(stripe, started(order))

        assert services.expire_unpaid(now=later()) == 0

        assert states(order) == ("confirmed", "paid")

    def test_leaves_an_order_whose_money_is_under_way(self, stripe):
        stripe._world.settings.settle_after = 60.0
        order = an_order()
        payment = started(order)
        confirm(stripe, payment, "pm_sepa_debit")

        assert services.expire_unpaid(now=later()) == 0
        assert services.expire_unpaid(now=later(60 * 24 * 3)) == 0

        assert states(order) == ("pending", "processing")
        assert Payment.objects.get().status == "processing"

    def test_expires_it_once_that_money_has_failed(self, stripe):
        stripe._world.settings.settle_after = 60.0
        order = an_order()
        payment = started(order)
        confirm(stripe, payment, "pm_sepa_debit")
        services.expire_unpaid(now=later())
        stripe.settle(payment.pi_id, succeeds=False)
        services.reconcile_recent(now=later(60))

        assert services.expire_unpaid(now=later(61)) == 1

        assert states(order) == ("expired", "failed")

    def test_waits_for_a_stripe_that_doesnt_answer(self, stripe):
        order = an_order()
        started(order)
        stripe.fail_next("*", "payment_intents", "before", times=1)

        assert services.expire_unpaid(now=later()) == 0
        assert states(order) == ("pending", "unpaid")
        Payment.objects.update(cancel_not_before=None)
        assert services.expire_unpaid(now=later()) == 1

    def test_lets_no_order_wait_for_one_that_stripe_cant_answer_for(self, stripe):
        sick, *well = [an_order() for _ in range(3)]
        pi_id = started(sick).pi_id
        for order in well:
            started(order)
        stripe.fail_next("*", f"payment_intents/{pi_id}", "before", times=9)

        assert services.expire_unpaid(now=later()) == 2

        assert [states(order)[0] for order in (sick, *well)] == ["pending", "expired", "expired"]

    def test_stops_after_three_and_begins_with_others_the_next_time(self, stripe):
        todo = [an_order() for _ in range(4)]
        for order in todo:
            started(order)
        stripe.fail_next("*", "payment_intents/", "before", times=3)

        assert services.expire_unpaid(now=later()) == 0
        assert len([request for request in stripe.requests if request.status == 0]) == 3
        assert services.expire_unpaid(now=later()) == 1

        assert [states(order)[0] for order in todo] == ["pending"] * 3 + ["expired"]

    def test_finds_the_intent_whose_answer_was_lost(self, stripe):
        order = an_order()
        payment = started(order)
        pi_id = payment.pi_id
        Payment.objects.update(pi_id=None)

        assert services.expire_unpaid(now=later()) == 1

        payment.refresh_from_db()
        assert (payment.pi_id, payment.status) == (pi_id, "canceled")
        assert [intent["status"] for intent in stripe.ledger("payment_intent")] == ["canceled"]

    @pytest.mark.parametrize("moment", ["retrieve_intent", "cancel_intent"])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_ends_right_when_the_shopper_pays_meanwhile(self, stripe, monkeypatch, moment, when):
        order = an_order()
        payment = started(order)
        ask = getattr(gateway, moment)

        def paying_meanwhile(pi_id):
            monkeypatch.setattr(gateway, moment, ask)
            if when == "before":
                confirm(stripe, payment)
            try:
                return ask(pi_id)
            finally:
                if when == "after":
                    confirm(stripe, payment)

        monkeypatch.setattr(gateway, moment, paying_meanwhile)
        services.expire_unpaid(now=later())

        payment.refresh_from_db()
        ended = {"canceled": ("expired", "unpaid"), "succeeded": ("confirmed", "paid")}
        assert states(order) == ended[payment.status]
        assert stripe.get(payment.pi_id)["status"] == payment.status

    @pytest.mark.django_db(transaction=True)
    def test_ends_right_when_both_happen_at_once(self, stripe):
        todo = [an_order() for _ in range(4)]
        payments = [started(order) for order in todo]

        def act(number: int) -> None:
            if number == 0:
                services.expire_unpaid(now=later())
            else:
                confirm(stripe, payments[number - 1])
                services.settle_payment(payment_id=payments[number - 1].pk, now=timezone.now())

        together(5, act)

        for order, payment in zip(todo, payments, strict=True):
            payment.refresh_from_db()
            assert states(order) in {("expired", "unpaid"), ("confirmed", "paid")}
            assert (order.status == "confirmed") == (stripe.get(payment.pi_id)["status"] == "succeeded")


class TestLateMoney:
    def expired_but_paid(self, stripe, order: Order) -> Payment:
        """Return a payment that succeeds after its order has expired, as a bug or a lost race would have it."""
        payment = started(order)
        with transaction.atomic():
            orders.expire(order_id=order.pk, now=later())
        confirm(stripe, payment)
        services.settle_payment(payment_id=payment.pk, now=later())
        payment.refresh_from_db()
        return payment

    def test_is_kept_where_the_stock_can_be_had_again(self, stripe):
        lamp = variant(now=timezone.now(), on_hand=1)
        order = place(lamp, now=timezone.now())

        payment = self.expired_but_paid(stripe, order)

        assert states(order) == ("confirmed", "paid")
        assert payment.pays_order
        assert StockItem.objects.get(pk=lamp.pk).on_hand == 0

    def test_goes_back_where_the_stock_is_gone(self, stripe):
        lamp = variant(now=timezone.now(), on_hand=1)
        order = place(lamp, now=timezone.now())
        payment = started(order)
        with transaction.atomic():
            orders.expire(order_id=order.pk, now=later())
        other = place(lamp, now=later())
        confirm(stripe, payment)

        services.settle_payment(payment_id=payment.pk, now=later())
        services.send_refunds(now=later())

        exception = PaymentException.objects.get()
        payment.refresh_from_db()
        assert states(order) == ("expired", "unpaid")
        assert states(other) == ("pending", "unpaid")
        assert (exception.kind, exception.payment, exception.amount) == ("out_of_stock", payment, order.total)
        assert (payment.status, payment.pays_order) == ("succeeded", False)
        assert [(r["amount"], r["status"]) for r in stripe.ledger("refund")] == [(order.total, "succeeded")]
        assert StockItem.objects.get(pk=lamp.pk).on_hand == 1

    def test_of_a_cancelled_order_goes_back(self, stripe):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment)
        cancel(order)

        services.settle_payment(payment_id=payment.pk, now=timezone.now())
        services.send_refunds(now=timezone.now())

        assert states(order) == ("cancelled", "unpaid")
        assert PaymentException.objects.get().kind == "order_cancelled"
        assert [refund["amount"] for refund in stripe.ledger("refund")] == [order.total]
        assert not OutboxEvent.objects.filter(type="payments.payment_succeeded.v1").exists()
        opened = OutboxEvent.objects.get(type="payments.payment_exception_opened.v1")
        assert opened.payload["kind"] == "order_cancelled"


class TestMoneyThatDoesntMatch:
    @pytest.mark.parametrize(
        ("column", "value", "kind"),
        [
            ("amount", 9900, "amount_mismatch"),
            ("amount", 100, "amount_mismatch"),
            ("currency", "USD", "currency_mismatch"),
        ],
    )
    def test_goes_back_and_pays_nothing(self, stripe, column, value, kind):
        order = an_order()
        payment = started(order)
        Payment.objects.update(**{column: value})
        confirm(stripe, payment)

        services.settle_payment(payment_id=payment.pk, now=timezone.now())
        services.send_refunds(now=timezone.now())

        exception = PaymentException.objects.get()
        assert states(order) == ("pending", "unpaid")
        assert (exception.kind, exception.amount, exception.currency) == (kind, order.total, "EUR")
        assert [refund["amount"] for refund in stripe.ledger("refund")] == [order.total]

    def test_leaves_the_order_payable(self, stripe):
        order = an_order()
        payment = started(order)
        Payment.objects.update(amount=1)
        confirm(stripe, payment)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())

        second = paid(stripe, order)

        assert states(order) == ("confirmed", "paid")
        assert second.pays_order


class TestCancelledOrders:
    def test_lose_their_open_intent(self, stripe):
        order = an_order()
        payment = started(order)

        cancel(order)
        assert services.cancel_intents(now=timezone.now()) == 1

        payment.refresh_from_db()
        assert (payment.status, stripe.get(payment.pi_id)["status"]) == ("canceled", "canceled")
        assert states(order) == ("cancelled", "unpaid")
        assert services.cancel_intents(now=timezone.now()) == 0

    def test_get_their_money_back_exactly_once(self, stripe):
        order = an_order()
        payment = paid(stripe, order)

        cancel(order)
        with transaction.atomic():
            services.give_back(order_id=order.pk, now=timezone.now())
        assert services.send_refunds(now=timezone.now()) == 1
        assert services.send_refunds(now=timezone.now()) == 0

        refund = Refund.objects.get()
        assert (refund.amount, refund.state, refund.reason) == (
            payment.captured,
            "succeeded",
            "order_cancelled",
        )
        assert states(order) == ("cancelled", "refunded")
        assert OutboxEvent.objects.filter(type="payments.refund_succeeded.v1").count() == 1

    def test_wait_for_money_that_cant_be_stopped(self, stripe):
        stripe._world.settings.settle_after = 60.0
        order = an_order()
        payment = started(order)
        confirm(stripe, payment, "pm_sepa_debit")
        cancel(order)
        assert services.cancel_intents(now=timezone.now()) == 0
        assert services.cancel_intents(now=timezone.now()) == 0

        stripe.settle(payment.pi_id)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())
        services.send_refunds(now=timezone.now())

        assert states(order)[0] == "cancelled"
        assert PaymentException.objects.get().kind == "order_cancelled"
        assert [refund["amount"] for refund in stripe.ledger("refund")] == [order.total]

    def test_are_tried_again_when_stripe_is_down(self, stripe):
        order = an_order()
        payment = started(order)
        cancel(order)
        stripe.fail_next("*", "payment_intents", "before")

        assert services.cancel_intents(now=timezone.now()) == 0
        Payment.objects.update(cancel_not_before=None)
        assert services.cancel_intents(now=timezone.now()) == 1

        payment.refresh_from_db()
        assert payment.status == "canceled"
