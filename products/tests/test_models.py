"""What the database itself refuses."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from products.models import (
    Brand,
    Price,
    Product,
    ProductPrice,
    ProductSlug,
    Reservation,
    StockItem,
    StockMovement,
)
from products.tests.factories import NOW, category, product, variant
from shop.core.ids import new_id

pytestmark = pytest.mark.django_db


def assert_refused(call, *args, **values) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        call(*args, **values)


class TestStockItem:
    @pytest.mark.parametrize(
        "values",
        [
            {"reserved": -1},
            {"reserved": 6},
            {"on_hand": -1},
            {"on_hand": -3, "backorder_limit": 2},
            {"on_hand": 0, "backorder_limit": 2, "reserved": 3},
            {"backorder_limit": -1},
        ],
    )
    def test_is_never_oversold(self, values):
        made = variant(on_hand=5)

        assert_refused(StockItem.objects.filter(pk=made.pk).update, **values)

        assert StockItem.objects.values_list("on_hand", "reserved").get() == (5, 0)


class TestReservation:
    def test_holds_something(self):
        made = variant()

        assert_refused(
            Reservation.objects.create, variant=made, order_ref=new_id(), quantity=0, created_at=NOW
        )

    def test_is_the_only_active_one_of_an_order_and_variant(self):
        values = {"variant": variant(), "order_ref": new_id(), "quantity": 1, "created_at": NOW}
        Reservation.objects.create(**values, state="released")
        Reservation.objects.create(**values)

        assert_refused(Reservation.objects.create, **values)

    def test_keeps_its_variant(self):
        made = variant()
        Reservation.objects.create(variant=made, order_ref=new_id(), quantity=1, created_at=NOW)

        with pytest.raises(ProtectedError):
            made.delete()


class TestStockMovement:
    def test_moves_something(self):
        assert_refused(
            StockMovement.objects.create, variant=variant(), kind="receipt", delta=0, created_at=NOW
        )

    def test_happens_once_a_reference_and_kind(self):
        values = {"variant": variant(), "ref": new_id(), "created_at": NOW}
        StockMovement.objects.create(**values, kind="sale", delta=-1)
        StockMovement.objects.create(**values, kind="restock", delta=1)

        assert_refused(StockMovement.objects.create, **values, kind="sale", delta=-1)


class TestPrice:
    @pytest.mark.parametrize(
        "values",
        [
            {"currency": "USD", "amount": -1},
            {"currency": "USD", "amount": 100, "compare_at": 100},
            {"currency": "USD", "amount": 100, "compare_at": 99},
            {"currency": "EUR", "amount": 100},
        ],
    )
    def test_is_one_sane_amount_a_currency(self, values):
        assert_refused(Price.objects.create, variant=variant(), **values)

    def test_a_product_has_one_lowest_a_currency(self):
        assert_refused(ProductPrice.objects.create, product=product(), currency="EUR", lowest=1)


class TestProduct:
    @pytest.mark.parametrize("values", [{"rating": 99}, {"rating": 501}, {"slug": "2026"}, {"slug": ""}])
    def test_has_a_rating_in_range_and_a_slug_with_a_letter(self, values):
        assert_refused(Product.objects.filter(pk=product().pk).update, **values)

    def test_shares_no_slug_it_ever_had(self):
        made = product(slug="lamp")

        assert_refused(ProductSlug.objects.create, slug="lamp", product=made)

    def test_keeps_its_category(self):
        product(category=category().slug)

        with pytest.raises(ProtectedError):
            category().delete()


class TestBrand:
    def test_has_its_name_alone_in_any_case(self):
        Brand.objects.create(name="Fern")

        assert_refused(Brand.objects.create, name="FERN")
