"""Money for parts of an order: for lines that won't be sent, and for what came back."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.utils import timezone

from orders.models import Order, Return
from orders.tests import backs
from orders.tests.factories import paid as paid_order
from orders.tests.factories import place
from orders.tests.parcels import cancel_lines, deliver, ship
from payments import services
from payments.models import Payment, Refund
from payments.tests.paying import dashboard_refund, paid, started
from payments.tests.test_events import spread
from products.tests.factories import variant
from shop.core.transactions import use_case
from tools.stripe_fake import StripeFake
from users.tests.races import together

pytestmark = pytest.mark.django_db

# Three at 19.90 and 4.90 for shipping.
TOTAL, SHIPPING, UNIT = 6460, 490, 1990


def three(**values) -> Order:
    """Return a pending order of three units of one variant, placed just now."""
    now = timezone.now()
    return place(variant(now=now), quantity=3, now=now, **values)


def shipped(stripe: StripeFake) -> tuple[Order, Payment]:
    """Return an order that was paid at Stripe and has arrived, and its payment."""
    order = three()
    payment = paid(stripe, order)
    ship(order, now=timezone.now())
    deliver(order, now=timezone.now())
    return order, payment


def received(order: Order, units: int) -> UUID:
    """Return a return of so many units that have come back."""
    now = timezone.now()
    back = backs.ask(order, [units], now=now)
    backs.approve(back, now=now)
    backs.receive(back, now=now)
    return back


def refund(back: UUID, amount: int | None = None) -> None:
    backs.refund(back, amount, now=timezone.now())


def send() -> None:
    spread()
    Refund.objects.update(not_before=None)
    services.send_refunds(now=timezone.now())


def money(order: Order) -> tuple[str, int]:
    order.refresh_from_db()
    return order.payment_status, order.refunded_total


def rows() -> list[tuple[int, str, str]]:
    return list(Refund.objects.order_by("created_at").values_list("amount", "reason", "state"))


class TestReturnRefunded:
    @pytest.mark.parametrize("times", [1, 3])
    def test_sends_back_what_was_promised_once(self, stripe, times):
        order, _ = shipped(stripe)
        refund(received(order, 1))

        spread(times)

        assert rows() == [(UNIT, "returned", "requested")]
        send()
        assert [there["amount"] for there in stripe.ledger("refund")] == [UNIT]
        assert money(order) == ("partially_refunded", UNIT)

    def test_sends_nothing_before_staff_have_said_how_much(self, stripe):
        order, _ = shipped(stripe)
        received(order, 1)

        send()

        assert rows() == []
        assert money(order) == ("paid", 0)

    def test_sends_nothing_when_that_is_nothing(self, stripe):
        order, _ = shipped(stripe)
        refund(received(order, 1), 0)

        send()

        assert rows() == []
        assert money(order) == ("paid", 0)

    def test_in_two_parts_is_the_whole(self, stripe):
        order, _ = shipped(stripe)
        refund(received(order, 1))
        send()
        assert money(order) == ("partially_refunded", UNIT)

        # The last one comes with the shipping, up to the cent.
        refund(received(order, 2), 2 * UNIT + SHIPPING)
        send()

        assert rows() == [(UNIT, "returned", "succeeded"), (TOTAL - UNIT, "returned", "succeeded")]
        assert sum(there["amount"] for there in stripe.ledger("refund")) == TOTAL
        assert money(order) == ("refunded", TOTAL)

    def test_sends_no_more_than_what_was_refunded_at_stripe_leaves(self, stripe):
        order, payment = shipped(stripe)
        refund(received(order, 3))
        dashboard_refund(stripe, payment, 1000)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())

        send()

        assert sorted(rows()) == [(1000, "provider", "succeeded"), (TOTAL - 1000, "returned", "succeeded")]
        assert money(order) == ("refunded", TOTAL)

    def test_sends_nothing_when_nothing_is_left(self, stripe):
        order, payment = shipped(stripe)
        refund(received(order, 1))
        dashboard_refund(stripe, payment, TOTAL)
        services.settle_payment(payment_id=payment.pk, now=timezone.now())

        send()

        assert rows() == [(TOTAL, "provider", "succeeded")]
        assert money(order) == ("refunded", TOTAL)


class TestLinesCancelled:
    @pytest.mark.parametrize("times", [1, 3])
    def test_sends_back_what_they_are_worth_once(self, stripe, times):
        order = three()
        paid(stripe, order)
        cancel_lines(order, [2], now=timezone.now())

        spread(times)

        assert rows() == [(2 * UNIT, "lines_cancelled", "requested")]
        send()
        assert money(order) == ("partially_refunded", 2 * UNIT)

    def test_and_the_rest_returned_is_all_but_the_shipping(self, stripe):
        order = three()
        paid(stripe, order)
        cancel_lines(order, [1], now=timezone.now())
        ship(order, now=timezone.now())
        refund(received(order, 2))

        send()

        assert sorted(rows()) == [(UNIT, "lines_cancelled", "succeeded"), (2 * UNIT, "returned", "succeeded")]
        assert money(order) == ("partially_refunded", TOTAL - SHIPPING)


class TestRefundPart:
    def test_of_an_order_that_nothing_pays_does_nothing(self, stripe):
        order = three()
        started(order)

        use_case(
            services.refund_part,
            order_id=order.pk,
            amount=UNIT,
            reason=Refund.Reason.RETURNED,
            now=timezone.now(),
        )

        assert rows() == []
        assert money(order) == ("unpaid", 0)

    def test_of_an_order_without_a_payment_does_nothing(self, stripe):
        order = paid_order(variant(now=timezone.now()), now=timezone.now())

        use_case(
            services.refund_part,
            order_id=order.pk,
            amount=UNIT,
            reason=Refund.Reason.RETURNED,
            now=timezone.now(),
        )

        assert rows() == []
        Order.objects.update(payment_status="unpaid")

    @pytest.mark.django_db(transaction=True)
    def test_many_times_at_once_never_adds_up_to_more_than_was_taken(self, stripe):
        order = three()
        paid(stripe, order)

        together(
            10,
            lambda _: use_case(
                services.refund_part,
                order_id=order.pk,
                amount=1500,
                reason=Refund.Reason.RETURNED,
                now=timezone.now(),
            ),
        )

        assert sorted(amount for amount, *_ in rows()) == [TOTAL - 4 * 1500, 1500, 1500, 1500, 1500]


def test_a_return_keeps_what_was_promised_whatever_could_be_sent(stripe):
    order, payment = shipped(stripe)
    back = received(order, 1)
    refund(back)
    dashboard_refund(stripe, payment, TOTAL)
    services.settle_payment(payment_id=payment.pk, now=timezone.now())

    send()

    assert Return.objects.get(pk=back).amount == UNIT
