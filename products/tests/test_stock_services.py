"""Stock: held, released, sold, returned and adjusted, and never more than there is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from products import services
from products.errors import OutOfStock, StockNotTracked, StockWouldGoNegative
from products.models import Product, Reservation, StockItem, StockMovement
from products.tests.factories import NOW, product, variant, variant_data
from shop.core.ids import new_id
from shop.events.models import OutboxEvent

pytestmark = pytest.mark.django_db
DUE = NOW + timedelta(minutes=30)


def reserve(*lines, ref=None, expires_at=DUE, now=NOW):
    """Hold ``(variant, quantity)`` lines for an order and return its reference."""
    ref = ref or new_id()
    quantities = {made.pk: quantity for made, quantity in lines}
    services.reserve(order_ref=ref, quantities=quantities, expires_at=expires_at, now=now)
    return ref


def adjust(made, delta: int, reason: str = "count"):
    return services.adjust_stock(variant_id=made.pk, delta=delta, reason=reason, actor_id=None, now=NOW)


def stock(made) -> tuple[int, int]:
    return StockItem.objects.values_list("on_hand", "reserved").get(pk=made.pk)


def in_stock(made) -> bool:
    return Product.objects.values_list("in_stock", flat=True).get(variants=made)


def states(ref) -> list[str]:
    return list(Reservation.objects.filter(order_ref=ref).order_by("pk").values_list("state", flat=True))


def assert_ledger_adds_up(made) -> None:
    deltas = StockMovement.objects.filter(variant=made).values_list("delta", flat=True)
    assert sum(deltas) == stock(made)[0]


class TestReserve:
    def test_holds_everything_an_order_needs(self):
        lamp, desk = variant(on_hand=5), variant(on_hand=1)

        ref = reserve((lamp, 2), (desk, 1))

        assert (stock(lamp), stock(desk)) == ((5, 2), (1, 1))
        held = Reservation.objects.filter(order_ref=ref).order_by("variant")
        assert list(held.values_list("variant", "quantity", "state", "expires_at")) == [
            (lamp.pk, 2, "active", DUE),
            (desk.pk, 1, "active", DUE),
        ]

    def test_holds_nothing_when_one_line_is_short(self):
        lamp, desk = variant(on_hand=5), variant(sku="DESK", on_hand=1)
        reserve((desk, 1))

        with pytest.raises(OutOfStock) as refusal:
            reserve((lamp, 2), (desk, 2))

        assert refusal.value.facts["lines"] == [
            {
                "variant": desk.pk,
                "sku": "DESK",
                "requested": 2,
                "available": 0,
                "held": 1,
                "held_until": DUE.isoformat(),
            }
        ]
        assert (stock(lamp), stock(desk)) == ((5, 0), (1, 1))
        assert Reservation.objects.count() == 1
        assert not OutboxEvent.objects.exists()

    def test_sells_beyond_what_is_there_up_to_the_backorder_limit(self):
        made = variant(on_hand=1, backorder_limit=2)

        reserve((made, 3))
        with pytest.raises(OutOfStock):
            reserve((made, 1))

        assert stock(made) == (1, 3)

    def test_passes_over_what_nobody_counts(self):
        made = variant(tracked=False)

        ref = reserve((made, 500))
        services.sell(order_ref=ref, quantities={made.pk: 500}, now=NOW)
        services.return_to_stock(order_ref=ref, quantities={made.pk: 500}, ref=ref, now=NOW)

        assert stock(made) == (0, 0)
        assert not Reservation.objects.exists()
        assert not StockMovement.objects.exists()
        assert in_stock(made)

    def test_gives_up_overdue_holds_when_something_is_short(self):
        made = variant(on_hand=1)
        late = reserve((made, 1))

        ref = reserve((made, 1), now=DUE + timedelta(seconds=1))

        assert (states(late), states(ref), stock(made)) == (["released"], ["active"], (1, 1))
        assert not in_stock(made)

    def test_leaves_overdue_holds_alone_while_there_is_enough(self):
        made = variant(on_hand=2)
        late = reserve((made, 1))

        reserve((made, 1), now=DUE + timedelta(days=1))

        assert states(late) == ["active"]

    @pytest.mark.parametrize("expires_at", [None, DUE])
    def test_never_takes_a_hold_that_is_not_overdue(self, expires_at):
        made = variant(on_hand=1)
        kept = reserve((made, 1), expires_at=expires_at)

        with pytest.raises(OutOfStock):
            reserve((made, 1), now=DUE)

        assert (states(kept), stock(made)) == (["active"], (1, 1))

    def test_keeps_an_overdue_hold_when_even_that_is_not_enough(self):
        made = variant(on_hand=1)
        late = reserve((made, 1))

        with pytest.raises(OutOfStock):
            reserve((made, 2), now=DUE + timedelta(days=1))

        assert (states(late), stock(made)) == (["active"], (1, 1))


class TestRelease:
    def test_gives_up_what_an_order_holds_once(self):
        made = variant(on_hand=1)
        ref = reserve((made, 1))

        for _ in range(2):
            services.release(order_ref=ref, now=NOW)

        assert (states(ref), stock(made), in_stock(made)) == (["released"], (1, 0), True)

    def test_does_nothing_for_an_order_that_holds_nothing(self):
        made = variant()

        services.release(order_ref=new_id(), now=NOW)

        assert stock(made) == (10, 0)


class TestSell:
    def test_turns_holds_into_sales_once(self):
        made = variant(on_hand=3)
        ref = reserve((made, 2))

        for _ in range(2):
            services.sell(order_ref=ref, quantities={made.pk: 2}, now=NOW)

        assert (states(ref), stock(made)) == (["sold"], (1, 0))
        sale = StockMovement.objects.filter(kind="sale").values_list("delta", "ref").get()
        assert sale == (-2, ref)
        assert_ledger_adds_up(made)

    def test_takes_a_lost_hold_again_when_it_can(self):
        made = variant(on_hand=1)
        ref = reserve((made, 1))
        services.release(order_ref=ref, now=NOW)

        services.sell(order_ref=ref, quantities={made.pk: 1}, now=NOW)

        assert (states(ref), stock(made)) == (["released", "sold"], (0, 0))

    def test_changes_nothing_when_a_lost_hold_cannot_be_had(self):
        made, other = variant(on_hand=1), variant(on_hand=1)
        ref = reserve((made, 1), (other, 1))
        services.release(order_ref=ref, now=NOW)
        reserve((made, 1))

        with pytest.raises(OutOfStock):
            services.sell(order_ref=ref, quantities={made.pk: 1, other.pk: 1}, now=NOW)

        assert (states(ref), stock(made), stock(other)) == (["released", "released"], (1, 1), (1, 0))
        assert not StockMovement.objects.filter(kind="sale").exists()

    def test_leaves_in_stock_as_it_was(self):
        made = variant(on_hand=2)
        ref = reserve((made, 1))

        services.sell(order_ref=ref, quantities={made.pk: 1}, now=NOW)

        assert in_stock(made)


class TestReturnToStock:
    def test_puts_back_what_an_order_took_once(self):
        made = variant(on_hand=1)
        ref = reserve((made, 1))
        services.sell(order_ref=ref, quantities={made.pk: 1}, now=NOW)
        assert not in_stock(made)

        for _ in range(2):
            services.return_to_stock(order_ref=ref, quantities={made.pk: 1}, ref=ref, now=NOW)

        assert (stock(made), in_stock(made)) == ((1, 0), True)
        assert StockMovement.objects.filter(kind="restock").count() == 1
        assert_ledger_adds_up(made)

    def test_does_nothing_for_an_order_that_took_nothing(self):
        made = variant(on_hand=1)
        ref = reserve((made, 1))

        services.return_to_stock(order_ref=ref, quantities={made.pk: 1}, ref=ref, now=NOW)

        assert stock(made) == (1, 1)


class TestSetHoldExpiry:
    def test_keeps_active_holds_and_lets_them_go_again(self):
        made = variant(on_hand=1)
        ref = reserve((made, 1))

        services.set_hold_expiry(order_ref=ref, expires_at=None)

        assert Reservation.objects.get().expires_at is None


class TestAdjustStock:
    def test_writes_the_ledger(self):
        made = variant(on_hand=3)
        actor = new_id()

        item = services.adjust_stock(variant_id=made.pk, delta=-2, reason="broken", actor_id=actor, now=NOW)

        assert (item.on_hand, stock(made)) == (1, (1, 0))
        row = StockMovement.objects.order_by("-pk").values_list("kind", "delta", "reason", "actor_id").first()
        assert row == ("adjustment", -2, "broken", actor)
        assert_ledger_adds_up(made)

    @pytest.mark.parametrize(("limit", "delta", "free"), [(0, -4, 3), (0, -10_000_000, 3), (2, -6, 5)])
    def test_refuses_to_take_what_is_held_or_not_there(self, limit, delta, free):
        made = variant(on_hand=5, backorder_limit=limit)
        reserve((made, 2))

        with pytest.raises(StockWouldGoNegative) as refusal:
            adjust(made, delta)

        assert refusal.value.facts == {"free": free}
        assert (stock(made), StockMovement.objects.count()) == ((5, 2), 1)

    def test_takes_all_that_is_free(self):
        made = variant(on_hand=5)
        reserve((made, 2))

        adjust(made, -3)

        assert (stock(made), in_stock(made)) == ((2, 2), False)

    def test_refuses_what_nobody_counts(self):
        made = variant(tracked=False)

        with pytest.raises(StockNotTracked):
            adjust(made, 5)

        assert (stock(made), StockMovement.objects.count()) == ((0, 0), 0)


class TestInStock:
    def test_writes_the_product_only_when_availability_crosses_zero(self, monkeypatch):
        made, written = variant(on_hand=3), []
        monkeypatch.setattr(
            "products.services.stock_news.refresh_in_stock", lambda ids: written.append(set(ids))
        )

        adjust(made, -1)
        first = reserve((made, 1))
        assert written == []
        reserve((made, 1))
        services.release(order_ref=first, now=NOW)

        assert written == [{made.product_id}, {made.product_id}]

    def test_stays_while_another_variant_can_be_had(self):
        two = product(variant_data(on_hand=1), variant_data(on_hand=1))
        first, second = two.variants.order_by("pk")

        reserve((first, 1))
        assert in_stock(first)
        reserve((second, 1))
        assert not in_stock(first)
        adjust(second, 1)
        assert in_stock(first)
