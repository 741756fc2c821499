"""What the database itself refuses."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, models, transaction
from django.db.models import F, ProtectedError

from orders.models import Order, OrderAddress, OrderLine, OrderMove
from orders.tests.factories import place
from products.tests.factories import variant
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

NAMES = "constraint|UNIQUE|unique"


def refused(write) -> None:
    with pytest.raises(IntegrityError, match=NAMES), transaction.atomic():
        write()


class TestOrder:
    @pytest.mark.parametrize(
        "change",
        [
            {"total": F("total") + 1},
            {"subtotal": F("subtotal") + 1},
            {"tax_added": 1},
            {"shipping_total": -1, "total": F("total") - F("shipping_total") - 1},
            {"tax_total": -1},
            {"discount_total": F("subtotal") + F("shipping_total") + 1, "total": -1},
            {"subtotal": -500, "shipping_total": 500, "discount_total": 0, "total": 0},
            {"refunded_total": -1},
            {"refunded_total": F("total") + 1},
        ],
    )
    def test_must_add_up(self, change):
        place()

        refused(lambda: Order.objects.update(**change))

    @pytest.mark.parametrize("name", ["number", "cart_id"])
    def test_shares_neither_number_nor_cart(self, name):
        first, second = place(), place()

        refused(lambda: Order.objects.filter(pk=second.pk).update(**{name: getattr(first, name)}))

    def test_keeps_its_customer(self):
        user = UserFactory()
        place(user=user)

        with pytest.raises(ProtectedError):
            user.delete()

    def test_has_whole_numbers_for_money(self):
        fractions = [
            field.name
            for model in (Order, OrderLine)
            for field in model._meta.get_fields()
            if isinstance(field, models.FloatField | models.DecimalField)
        ]
        assert fractions == []


class TestLine:
    @pytest.mark.parametrize(
        "change",
        [
            {"quantity": 0, "line_total": 0},
            {"line_total": 1},
            {"unit_price": 1},
            {"discount_amount": -1},
            {"discount_amount": F("line_total") + 1},
        ],
    )
    def test_must_add_up(self, change):
        place()

        refused(lambda: OrderLine.objects.update(**change))

    def test_is_one_a_variant(self):
        lamp, shade = variant(), variant()
        order = place(lamp, shade)

        refused(lambda: order.lines.filter(variant=shade).update(variant=lamp))


class TestAddress:
    def test_is_one_a_kind(self):
        place()

        refused(lambda: OrderAddress.objects.update(kind="billing"))


class TestMove:
    def test_is_one_a_version(self):
        order = place()
        step = order.moves.get()
        step.pk = None

        refused(lambda: step.save(force_insert=True))
        assert OrderMove.objects.count() == 1


def test_everything_says_what_it_is():
    order = place()

    assert str(order) == f"#{order.number}"
    assert str(order.lines.get()).endswith(f"1 × {order.lines.get().sku}")
    assert str(order.addresses.get(kind="billing")).endswith("billing")
    assert str(order.moves.get()).endswith("status:  → pending")
