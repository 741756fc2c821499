"""Many buyers at once: the last unit goes to one of them, and without the guards it doesn't."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection
from django.db.models import Q

from products import services
from products.errors import OutOfStock, StockWouldGoNegative
from products.models import Product, Reservation, StockItem, StockMovement
from products.services import stock
from products.tests.factories import NOW, product, variant, variant_data
from shop.core.ids import new_id
from shop.core.transactions import use_case
from users.tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS = 20
NEVER_OVERSOLD = next(c for c in StockItem._meta.constraints if c.name == "products_stockitem_never_oversold")


def buy(quantities: dict[int, int]) -> str:
    try:
        use_case(
            services.reserve,
            order_ref=new_id(),
            quantities=quantities,
            expires_at=NOW + timedelta(minutes=30),
            now=NOW,
        )
    except OutOfStock:
        return "out_of_stock"
    except IntegrityError:
        return "refused by the database"
    return "held"


def buy_one_of(variants: list[int], number: int) -> str:
    return buy({variants[number]: 1})


@pytest.fixture
def stale(monkeypatch):
    """Return a variant's id with one unit left, that all buyers have read before any of them takes it."""
    made = variant(on_hand=1)
    read_before = StockItem.objects.select_related("variant").in_bulk([made.pk])
    monkeypatch.setattr(stock, "lock_stock", lambda variants: dict(read_before))
    return made.pk


@pytest.fixture
def without_guard(monkeypatch):
    """Take the condition out of the UPDATE that takes."""
    monkeypatch.setattr(stock, "_room_for", lambda wanted: Q())


@pytest.fixture
def without_check():
    """Take the CHECK from the table, and put it back."""
    kept = StockItem._meta.constraints
    # SQLite makes the table anew, from what the model says.
    StockItem._meta.constraints = [constraint for constraint in kept if constraint is not NEVER_OVERSOLD]
    with connection.schema_editor() as editor:
        editor.remove_constraint(StockItem, NEVER_OVERSOLD)
    yield
    StockItem._meta.constraints = kept
    Reservation.objects.all().delete()
    StockItem.objects.update(reserved=0)
    with connection.schema_editor() as editor:
        editor.add_constraint(StockItem, NEVER_OVERSOLD)


class TestTheLastUnit:
    def test_goes_to_one_buyer_of_many(self):
        made = variant(on_hand=1)

        outcomes = together(BUYERS, lambda _: buy({made.pk: 1}))

        assert sorted(outcomes) == ["held"] + ["out_of_stock"] * (BUYERS - 1)
        assert StockItem.objects.get().reserved == Reservation.objects.get().quantity == 1
        assert not Product.objects.get().in_stock

    def test_goes_to_one_even_when_all_read_before_anyone_took(self, stale):
        outcomes = together(BUYERS, lambda _: buy({stale: 1}))

        assert sorted(outcomes) == ["held"] + ["out_of_stock"] * (BUYERS - 1)
        assert StockItem.objects.get().reserved == 1

    def test_goes_to_one_when_the_check_alone_is_left(self, stale, without_guard):
        outcomes = together(BUYERS, lambda _: buy({stale: 1}))

        assert sorted(outcomes) == ["held"] + ["refused by the database"] * (BUYERS - 1)
        assert StockItem.objects.get().reserved == Reservation.objects.get().quantity == 1

    def test_negative_control_goes_to_everybody_without_guard_and_check(
        self, stale, without_guard, without_check
    ):
        outcomes = together(BUYERS, lambda _: buy({stale: 1}))

        assert outcomes == ["held"] * BUYERS
        assert StockItem.objects.get().reserved == BUYERS


class TestSeveralUnits:
    def test_sell_out_without_needless_refusals(self):
        made = variant(on_hand=7)

        outcomes = together(BUYERS, lambda number: buy({made.pk: 1 + number % 2}))

        held = StockItem.objects.get().reserved
        assert held in (6, 7)
        assert held == sum(Reservation.objects.values_list("quantity", flat=True))
        assert outcomes.count("held") == Reservation.objects.count()

    def test_carts_in_opposite_order_do_not_block_each_other(self):
        pair = [variant(on_hand=BUYERS).pk, variant(on_hand=BUYERS).pk]

        def both(number: int) -> str:
            first, second = pair if number % 2 else reversed(pair)
            return buy({first: 1, second: 1})

        assert together(BUYERS, both) == ["held"] * BUYERS
        assert set(StockItem.objects.values_list("reserved", flat=True)) == {BUYERS}


class TestInStock:
    def test_turns_false_when_the_last_two_variants_go_at_once(self):
        for _ in range(5):
            two = product(variant_data(on_hand=1), variant_data(on_hand=1))
            pks = list(two.variants.values_list("pk", flat=True))

            outcomes = together(2, partial(buy_one_of, pks))

            two.refresh_from_db()
            assert (outcomes, two.in_stock) == (["held", "held"], False)


class TestSelling:
    def test_the_same_order_at_once_sells_it_once(self):
        made, ref = variant(on_hand=5), new_id()
        services.reserve(order_ref=ref, quantities={made.pk: 2}, expires_at=None, now=NOW)

        together(5, lambda _: use_case(services.sell, order_ref=ref, quantities={made.pk: 2}, now=NOW))

        item = StockItem.objects.get()
        assert (item.on_hand, item.reserved) == (3, 0)
        assert StockMovement.objects.filter(kind="sale").count() == 1

    def test_adjusting_and_reserving_never_takes_more_than_there_is(self):
        made = variant(on_hand=10)

        def take(number: int) -> str:
            if number % 2:
                return buy({made.pk: 1})
            try:
                use_case(
                    services.adjust_stock, variant_id=made.pk, delta=-1, reason="lost", actor_id=None, now=NOW
                )
            except StockWouldGoNegative:
                return "too_low"
            return "lost"

        outcomes = together(BUYERS, take)

        item = StockItem.objects.get()
        assert (item.on_hand - item.reserved, outcomes.count("held") + outcomes.count("lost")) == (0, 10)
