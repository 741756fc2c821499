"""Wishlists, and hearing that something is back."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from products import services
from products.errors import AvailableNow, WishlistFull
from products.models import Product, StockAlert, StockItem, Variant, WishlistItem
from products.services import wishes
from products.tests.factories import NOW, product, variant, variant_data
from products.tests.importing.saying import change, record, save
from products.tests.importing.saying import variant as line
from shop.core.ids import new_id
from shop.events.models import OutboxEvent
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db


def ask(made, user=None) -> StockAlert:
    user = user or UserFactory()
    return services.ask_for_alert(user_id=user.pk, variant_id=made.pk, now=NOW)[0]


def receive(made, units: int) -> None:
    services.adjust_stock(variant_id=made.pk, delta=units, reason="delivery", actor_id=None, now=NOW)


def announced(kind: str) -> list[dict]:
    return list(
        OutboxEvent.objects.filter(type=f"products.{kind}.v1")
        .order_by("pk")
        .values_list("payload", flat=True)
    )


class TestAlerts:
    def test_the_first_to_ask_are_the_first_to_hear(self):
        made = variant(on_hand=0)
        alerts = [ask(made) for _ in range(3)]

        receive(made, 2)
        assert [e["variants"] for e in announced("product_restocked")] == [[{"variant_id": made.pk}]]
        served = services.serve_waiting(variant_id=made.pk, now=NOW)

        assert served == 2
        assert [e["alert_id"] for e in announced("stock_alert_due")] == [alerts[0].pk, alerts[1].pk]
        waiting = StockAlert.objects.filter(notified_at__isnull=True)
        assert list(waiting.values_list("pk", flat=True)) == [alerts[2].pk]

    def test_more_units_serve_the_rest_although_nothing_crosses_zero(self):
        made = variant(on_hand=0)
        for _ in range(3):
            ask(made)
        receive(made, 2)
        services.serve_waiting(variant_id=made.pk, now=NOW)

        receive(made, 5)

        assert len(announced("product_restocked")) == 2
        assert services.serve_waiting(variant_id=made.pk, now=NOW) == 1

    def test_a_second_delivery_of_the_event_serves_nobody_again(self):
        made = variant(on_hand=0)
        ask(made)
        receive(made, 2)

        assert [services.serve_waiting(variant_id=made.pk, now=NOW) for _ in range(2)] == [1, 0]
        assert len(announced("stock_alert_due")) == 1

    def test_nobody_waits_so_nothing_is_announced(self):
        made = variant(on_hand=0)

        receive(made, 2)

        assert announced("product_restocked") == []

    def test_units_that_an_order_gives_back_count_too(self):
        made = variant(on_hand=1)
        order = new_id()
        services.reserve(
            order_ref=order, quantities={made.pk: 1}, expires_at=NOW + timedelta(minutes=30), now=NOW
        )
        ask(made)

        services.release(order_ref=order, now=NOW)

        assert [e["variants"] for e in announced("product_restocked")] == [[{"variant_id": made.pk}]]

    @pytest.mark.parametrize(
        ("policy", "served"),
        [({"backorder_limit": 1}, 1), ({"tracked": False}, 2)],
        ids=["beyond", "uncounted"],
    )
    def test_what_may_be_sold_without_being_there_counts_too(self, policy, served):
        made = variant(on_hand=0)
        for _ in range(2):
            ask(made)

        services.update_variant(variant_id=made.pk, actor_id=None, now=NOW, **policy)

        assert Product.objects.get().in_stock
        assert [e["variants"] for e in announced("product_restocked")] == [[{"variant_id": made.pk}]]
        assert services.serve_waiting(variant_id=made.pk, now=NOW) == served

    def test_a_change_that_brings_nothing_serves_nobody(self):
        made = variant(on_hand=0, backorder_limit=3)
        services.update_variant(variant_id=made.pk, actor_id=None, now=NOW, backorder_limit=0)
        ask(made)

        services.update_variant(variant_id=made.pk, actor_id=None, now=NOW, low_stock_threshold=2)

        assert not Product.objects.get().in_stock
        assert announced("product_restocked") == []

    def test_what_overdue_orders_give_up_counts_too(self):
        made = variant(on_hand=5)
        services.reserve(order_ref=new_id(), quantities={made.pk: 5}, expires_at=NOW, now=NOW)
        ask(made)

        later = NOW + timedelta(minutes=1)
        services.reserve(order_ref=new_id(), quantities={made.pk: 1}, expires_at=None, now=later)

        assert Product.objects.get().in_stock
        assert [e["variants"] for e in announced("product_restocked")] == [[{"variant_id": made.pk}]]
        assert services.serve_waiting(variant_id=made.pk, now=later) == 1

    def test_what_overdue_orders_give_up_and_another_takes_brings_nothing(self):
        made = variant(on_hand=1)
        services.reserve(order_ref=new_id(), quantities={made.pk: 1}, expires_at=NOW, now=NOW)
        ask(made)

        later = NOW + timedelta(minutes=1)
        services.reserve(order_ref=new_id(), quantities={made.pk: 1}, expires_at=None, now=later)

        assert not Product.objects.get().in_stock
        assert announced("product_restocked") == []

    def test_what_a_file_lets_be_sold_counts_too(self):
        save(record("lamp", line(sku="L", price=1990, on_hand=0)))
        made = Variant.objects.get()
        ask(made)

        save(change("lamp", line(sku="L", backorder_limit=2)))

        assert Product.objects.get().in_stock
        assert [e["variants"] for e in announced("product_restocked")] == [[{"variant_id": made.pk}]]

    def test_gone_again_before_the_turn_comes_goes_on_waiting(self):
        made = variant(on_hand=0)
        ask(made)
        receive(made, 1)
        services.reserve(order_ref=new_id(), quantities={made.pk: 1}, expires_at=None, now=NOW)

        assert services.serve_waiting(variant_id=made.pk, now=NOW) == 0
        assert announced("stock_alert_due") == []
        assert StockAlert.objects.get().notified_at is None

    def test_what_is_there_needs_no_alert(self):
        for made in (variant(on_hand=1), variant(tracked=False), variant(on_hand=0, backorder_limit=5)):
            with pytest.raises(AvailableNow):
                ask(made)
        assert not StockAlert.objects.exists()

    def test_asking_twice_is_asking_once(self):
        made, user = variant(on_hand=0), UserFactory()

        first, second = ask(made, user), ask(made, user)

        assert first == second
        assert StockAlert.objects.count() == 1

    def test_who_was_told_may_ask_again(self):
        made, user = variant(on_hand=0), UserFactory()
        ask(made, user)
        receive(made, 1)
        services.serve_waiting(variant_id=made.pk, now=NOW)
        services.reserve(order_ref=new_id(), quantities={made.pk: 1}, expires_at=None, now=NOW)

        ask(made, user)

        assert StockAlert.objects.filter(notified_at__isnull=True).count() == 1

    @pytest.mark.needs_postgres
    @pytest.mark.django_db(transaction=True)
    def test_five_deliveries_at_once_serve_each_once(self):
        made = variant(on_hand=0)
        for _ in range(4):
            ask(made)
        receive(made, 3)

        served = together(5, lambda _: services.serve_waiting(variant_id=made.pk, now=NOW))

        told = [e["alert_id"] for e in announced("stock_alert_due")]
        assert (len(told), len(set(told))) == (sum(served), sum(served))
        assert StockAlert.objects.filter(notified_at__isnull=False).count() == sum(served)


class TestLowStock:
    def test_is_announced_once_when_the_line_is_crossed(self):
        made = variant(on_hand=10, low_stock_threshold=3)

        for quantity in (5, 2, 1):
            services.reserve(order_ref=new_id(), quantities={made.pk: quantity}, expires_at=None, now=NOW)

        assert [e["variants"] for e in announced("stock_low")] == [[{"variant_id": made.pk, "available": 3}]]

    def test_is_announced_again_after_more_came_in(self):
        made = variant(on_hand=4, low_stock_threshold=3)
        services.reserve(order_ref=new_id(), quantities={made.pk: 1}, expires_at=None, now=NOW)
        receive(made, 10)

        services.reserve(order_ref=new_id(), quantities={made.pk: 11}, expires_at=None, now=NOW)

        assert [e["variants"][0]["available"] for e in announced("stock_low")] == [3, 2]
        versions = OutboxEvent.objects.filter(type="products.stock_low.v1").values_list("version", flat=True)
        assert len(set(versions)) == 2

    def test_no_line_no_word(self):
        made = variant(on_hand=1)

        services.reserve(order_ref=new_id(), quantities={made.pk: 1}, expires_at=None, now=NOW)

        assert announced("stock_low") == []

    def test_costs_nothing_until_it_is_crossed(self):
        with_line, without = variant(on_hand=10, low_stock_threshold=3), variant(on_hand=10)
        counts = []
        for made in (with_line, without):
            with statements() as seen:
                services.reserve(order_ref=new_id(), quantities={made.pk: 1}, expires_at=None, now=NOW)
            counts.append(len(seen))

        assert counts[0] == counts[1]

    @pytest.mark.parametrize("size", [1, 20])
    def test_costs_as_much_for_twenty_as_for_one(self, size):
        made = [variant(on_hand=5, low_stock_threshold=4) for _ in range(size)]

        with statements() as seen:
            services.reserve(order_ref=new_id(), quantities={v.pk: 1 for v in made}, expires_at=None, now=NOW)

        assert len(announced("stock_low")) == size
        assert len(seen) == 7

    @pytest.mark.needs_postgres
    @pytest.mark.django_db(transaction=True)
    def test_buyers_who_cross_lines_of_the_same_products_never_wait_in_a_circle(self):
        data = [variant_data(on_hand=20, low_stock_threshold=19) for _ in range(4)]
        one, other = product(*data[:2]), product(*data[2:])
        first, second = (list(p.variants.order_by("pk")) for p in (one, other))

        def buy_one(baskets, number):
            quantities = {variant.pk: 1 for variant in baskets[number]}
            services.reserve(order_ref=new_id(), quantities=quantities, expires_at=None, now=NOW)

        for _ in range(5):
            StockItem.objects.update(on_hand=20, reserved=0)
            baskets = [(first[0], second[0]), (first[1], second[1]), (second[0], first[1])] * 3
            together(9, partial(buy_one, baskets))

        assert sorted(StockItem.objects.values_list("reserved", flat=True)) == [3, 3, 6, 6]


class TestWishlist:
    def test_over_http(self):
        mine, lamp, vase = client_of(UserFactory()), product(), product()

        assert mine.post(f"/api/v1/wishlist/items/{lamp.pk}/").status_code == 201
        assert mine.post(f"/api/v1/wishlist/items/{vase.slug}/").status_code == 201
        assert mine.post(f"/api/v1/wishlist/items/{lamp.slug}/").status_code == 200
        listed = mine.get("/api/v1/wishlist/")

        assert [one["id"] for one in listed.json()["results"]] == [vase.pk, lamp.pk]
        assert set(listed.json()["results"][0]) >= {"added_at", "name", "price", "in_stock"}
        assert listed.headers["Cache-Control"] == "no-store"
        assert mine.delete(f"/api/v1/wishlist/items/{lamp.pk}/").status_code == 204
        assert mine.delete(f"/api/v1/wishlist/items/{lamp.pk}/").status_code == 204
        assert [one["id"] for one in mine.get("/api/v1/wishlist/").json()["results"]] == [vase.pk]

    def test_is_ones_own(self):
        made, mine, other = product(), client_of(UserFactory()), client_of(UserFactory())
        mine.post(f"/api/v1/wishlist/items/{made.pk}/")

        assert other.get("/api/v1/wishlist/").json()["results"] == []
        assert other.delete(f"/api/v1/wishlist/items/{made.pk}/").status_code == 204
        assert WishlistItem.objects.count() == 1
        assert anonymous().get("/api/v1/wishlist/").status_code == 401

    def test_what_shoppers_cannot_see_is_not_on_it(self):
        mine, made = client_of(UserFactory()), product()
        mine.post(f"/api/v1/wishlist/items/{made.pk}/")
        services.archive_product(product_id=made.pk, actor_id=None, now=NOW)

        assert mine.get("/api/v1/wishlist/").json()["results"] == []
        assert mine.post(f"/api/v1/wishlist/items/{made.pk}/").status_code == 404
        assert mine.post("/api/v1/wishlist/items/no-such/").status_code == 404

    def test_is_bounded(self, monkeypatch):
        monkeypatch.setattr(wishes, "WISHLIST_LIMIT", 1)
        user, (lamp, vase) = UserFactory(), (product(), product())
        services.add_wish(user_id=user.pk, product_id=lamp.pk, now=NOW)

        with pytest.raises(WishlistFull):
            services.add_wish(user_id=user.pk, product_id=vase.pk, now=NOW)

        assert services.add_wish(user_id=user.pk, product_id=lamp.pk, now=NOW) is False
        assert list(WishlistItem.objects.values_list("product", flat=True)) == [lamp.pk]

    @pytest.mark.parametrize("rows", [1, 20])
    def test_takes_as_many_statements_with_twenty_as_with_one(self, rows):
        user = UserFactory()
        for _ in range(rows):
            services.add_wish(user_id=user.pk, product_id=product().pk, now=NOW)
        mine = client_of(user)

        with statements() as seen:
            answer = mine.get("/api/v1/wishlist/")

        assert (len(answer.json()["results"]), len(seen)) == (rows, 3)


class TestAlertsOverHttp:
    def test_ask_and_drop(self):
        made = variant(on_hand=0)
        mine, path = client_of(UserFactory()), f"/api/v1/products/{made.product.slug}/alerts/"

        first, again = mine.post(path), mine.post(path, {"variant": made.pk})

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert (first.json()["product"], first.json()["variant"]) == (made.product_id, made.pk)
        assert mine.delete(path).status_code == 204
        assert mine.delete(path).status_code == 204
        assert not StockAlert.objects.exists()

    def test_several_variants_want_a_name(self):
        made = product(variant_data(on_hand=0), variant_data(on_hand=0))
        mine, path = client_of(UserFactory()), f"/api/v1/products/{made.pk}/alerts/"

        answer = mine.post(path)

        assert (answer.status_code, answer.json()["code"]) == (400, "variant_required")
        assert mine.post(path, {"variant": made.variants.order_by("pk")[0].pk}).status_code == 201

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"variant": 999999}, 400, "validation_failed"),
            ({"variant": "x"}, 400, "validation_failed"),
            ({"variants": 1}, 400, "unknown_field"),
        ],
    )
    def test_bad_ones_are_refused(self, body, status, code):
        made = variant(on_hand=0)

        answer = client_of(UserFactory()).post(f"/api/v1/products/{made.product_id}/alerts/", body)

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert not StockAlert.objects.exists()

    def test_in_stock_is_a_conflict(self):
        made = variant(on_hand=3)

        answer = client_of(UserFactory()).post(f"/api/v1/products/{made.product_id}/alerts/")

        assert (answer.status_code, answer.json()["code"]) == (409, "available_now")
        assert Product.objects.get().version == 1
