"""What payments know of a person, what stands in the way of forgetting it, and what is left afterwards."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from orders import services as orders
from orders.tests.factories import ship
from payments import services
from payments.models import Payment, PaymentException, Receipt, Refund
from payments.personal_data import PaymentsPersonalData
from payments.tests.paying import an_order, confirm, paid, started
from shop.core.transactions import use_case
from users import ports
from users.services import erase_account
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PART = PaymentsPersonalData()


def bought(stripe, user) -> Payment:
    """Return the payment of an order that was delivered, with its receipt."""
    order = an_order(user=user)
    payment = paid(stripe, order)
    use_case(services.issue_receipt, payment_id=payment.pk, now=timezone.now())
    ship(order, "shipped", "delivered", now=timezone.now())
    return payment


def ask_back(payment: Payment) -> None:
    now = timezone.now()
    use_case(
        services.request_refund,
        payment_id=payment.pk,
        amount=500,
        reason=Refund.Reason.STAFF,
        actor_id=None,
        now=now,
    )


def blockers(user) -> list[str]:
    return list(PART.blockers(user_id=user.pk))


class TestErase:
    def test_forgets_the_card_and_keeps_the_books(self, stripe):
        ada, bob = UserFactory(), UserFactory()
        mine, other = bought(stripe, ada), bought(stripe, bob)
        Payment.objects.filter(pk=mine.pk).update(last_error="card_declined")
        receipts = list(Receipt.objects.order_by("pk").values())
        before = Payment.objects.filter(pk=mine.pk).values().get()
        of_bob = Payment.objects.filter(pk=other.pk).values().get()
        assert (before["brand"], before["last4"]) == ("visa", "4242")

        with transaction.atomic():
            PART.erase(user_id=ada.pk, actor_id=ada.pk, now=timezone.now())

        assert Payment.objects.filter(pk=mine.pk).values().get() == {
            **before,
            "brand": "",
            "last4": "",
            "last_error": "",
        }
        assert Payment.objects.filter(pk=other.pk).values().get() == of_bob
        assert list(Receipt.objects.order_by("pk").values()) == receipts

    def test_a_receipt_never_had_an_address_to_write_to(self, stripe):
        user = UserFactory(email="ada@example.com")
        bought(stripe, user)

        receipt = Receipt.objects.get()

        assert list(receipt.document["buyer"]) == ["name", "vat_id", "company", "address_lines"]
        assert "@" not in str(receipt.document)

    def test_money_can_still_go_back_afterwards(self, stripe):
        user = UserFactory()
        payment = bought(stripe, user)
        use_case(erase_account, user_id=user.pk, actor_id=user.pk, now=timezone.now())

        ask_back(payment)
        services.send_refunds(now=timezone.now())

        assert Refund.objects.get().state in ("sent", "succeeded")


class TestBlockers:
    def test_none_once_all_is_settled(self, stripe):
        user = UserFactory()
        bought(stripe, user)

        assert blockers(user) == []

    def test_a_pending_orders_payment_is_the_orders_own_business(self, stripe):
        user = UserFactory()
        started(an_order(user=user))

        assert blockers(user) == []

    def test_a_receipt_that_is_not_written_yet(self, stripe):
        user = UserFactory()
        order = an_order(user=user)
        payment = paid(stripe, order)

        assert blockers(user) == [f"The receipt for order {order.number} isn't written yet."]

        use_case(services.issue_receipt, payment_id=payment.pk, now=timezone.now())
        assert blockers(user) == []

    def test_an_intent_that_may_still_take_money(self, stripe):
        user = UserFactory()
        order = an_order(user=user)
        payment = started(order)
        use_case(orders.cancel_order, order_id=order.pk, actor=orders.Actor(), now=timezone.now())

        assert blockers(user) == [f"The payment of order {order.number} is still under way."]

        use_case(services.give_back, order_id=order.pk, now=timezone.now())
        services.cancel_intents(now=timezone.now())
        payment.refresh_from_db()
        assert (payment.status, blockers(user)) == ("canceled", [])

    def test_a_refund_on_its_way(self, stripe):
        user = UserFactory()
        payment = bought(stripe, user)
        number = payment.order.number
        ask_back(payment)

        assert blockers(user) == [f"The money for order {number} isn't back yet."]

    def test_a_case_that_staff_have_to_look_at(self, stripe):
        user = UserFactory()
        payment = bought(stripe, user)
        PaymentException.objects.create(
            kind="duplicate_payment", payment=payment, amount=100, currency="EUR", opened_at=timezone.now()
        )

        assert blockers(user) == [
            f"Somebody has to look at the payment of order {payment.order.number} first."
        ]
        PaymentException.objects.all().delete()

    def test_of_others_do_not_count(self, stripe):
        paid(stripe, an_order(user=UserFactory()))

        assert blockers(UserFactory()) == []


class TestExport:
    def test_has_every_payment_with_its_receipt(self, stripe):
        ada = UserFactory()
        mine = bought(stripe, ada)
        failed = started(an_order(user=ada))
        confirm(stripe, failed, "pm_card_visa_chargeDeclined")
        services.settle_payment(payment_id=failed.pk, now=timezone.now())
        bought(stripe, UserFactory())

        first, second = PART.export(user_id=ada.pk)["payments"]

        assert (first["id"], first["amount"], first["brand"], first["last4"]) == (
            mine.pk,
            "24.80",
            "visa",
            "4242",
        )
        assert first["receipt"] == mine.receipt.document
        assert (second["id"], second["receipt"]) == (failed.pk, None)
        assert second["last_error"]

    def test_preview_counts_what_stays(self, stripe):
        user = UserFactory()
        bought(stripe, user)

        held = PART.preview(user_id=user.pk)

        assert [(one.name, one.count, one.kept) for one in held] == [
            ("saved_cards", 0, False),
            ("payments", 1, True),
            ("receipts", 1, True),
        ]


def test_is_plugged_in():
    assert isinstance(dict(ports.personal_data.items())["payments"], PaymentsPersonalData)
