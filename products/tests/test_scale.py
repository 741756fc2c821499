"""Many products: what is seeded is what the services write, pages are entered by an index, counts are remembered."""

from __future__ import annotations

from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, Sum

from products import memory, services
from products.errors import CategoryInUse
from products.models import (
    CatalogueState,
    Category,
    Price,
    PriceChange,
    Product,
    ProductPrice,
    StockItem,
    Variant,
)
from products.selectors import facets
from products.services import categories
from products.services.availability import refresh_in_stock, refresh_lowest_prices
from products.services.options import key_of
from products.tests.factories import NOW, category, product, variant, variant_data
from products.views import categories as categories_views
from products.views.paging import CataloguePagination
from shop.core.errors import ValidationFailed
from shop.core.transactions import use_case
from tests.statements import statements
from users.tests.clients import anonymous
from users.tests.races import together

API = "/api/v1/products/"


def seed(count):
    said = StringIO()
    call_command("seed_catalogue", products=count, stdout=said)
    return said.getvalue()


@pytest.fixture
def forgetful():
    """Leave nothing remembered behind: another test's catalogue may have the same version."""
    yield
    cache.clear()


class TestSeeding:
    @pytest.mark.django_db
    def test_writes_what_the_services_would_have(self):
        assert "60 products were added" in seed(60)
        seed(20)

        assert Product.objects.count() == 80
        assert set(Product.objects.values_list("slug")) == set(Product.objects.values_list("slugs__slug"))
        for one in Variant.objects.select_related("product"):
            assert set(one.options) == set(one.product.option_names)
            assert one.option_key == key_of(one.options)
        ledger = StockItem.objects.annotate(moved=Sum("variant__movements__delta", default=0))
        assert not ledger.exclude(moved=F("on_hand")).exists()
        assert Price.objects.count() == StockItem.objects.count() == Variant.objects.count()
        cuts = Price.objects.filter(compare_at__isnull=False).count()
        assert PriceChange.objects.count() == Price.objects.count() + cuts

    @pytest.mark.django_db
    def test_keeps_beside_products_what_the_services_would(self):
        seed(60)
        kept = [*Product.objects.order_by("pk").values_list("pk", "in_stock")]
        lowest = [*ProductPrice.objects.order_by("product").values_list("product", "lowest", "compare_at")]

        refresh_in_stock([pk for pk, _ in kept])
        for pk, _ in kept:
            refresh_lowest_prices(pk)

        assert [*Product.objects.order_by("pk").values_list("pk", "in_stock")] == kept
        rows = ProductPrice.objects.order_by("product").values_list("product", "lowest", "compare_at")
        assert [*rows] == lowest
        assert variant().pk > max(Variant.objects.exclude(sku__startswith="SKU").values_list("pk", flat=True))

    def test_says_how_many_are_possible(self):
        with pytest.raises(CommandError, match="a number from 1 to"):
            seed(0)


@pytest.mark.needs_postgres
class TestPlans:
    """No page of a large catalogue reads through all products."""

    PATHS = (
        "", "?ordering=price", "?ordering=-price", "?ordering=name", "?ordering=rating", "?in_stock=true",
        "?category=seed-1-13", "?price_min=20&price_max=30&ordering=price", "?ids=1,2,3",
        "?q=SEED-77", "?q=curved+linen+hook", "?q=linen+ho", "?q=linen+hook&ordering=price", "17/", "seed-17/",
    )  # fmt: skip

    @pytest.mark.django_db
    def test_have_no_scan_of_all_products(self, forgetful, monkeypatch):
        monkeypatch.setattr(memory, "WORTH_IT", 1)
        seed(6000)
        cursors = [self.second(f"?ordering={order}") for order in ("newest", "price", "name", "rating")]
        for path in (*self.PATHS, *cursors):
            # Counted once and remembered: what is left is the page.
            anonymous().get(f"{API}{path}")
            for plan in self.plans(f"{API}{path}"):
                assert "Seq Scan on products_product " not in plan, (path, plan)
                assert "Seq Scan on products_searchentry" not in plan, (path, plan)

    def second(self, query):
        return anonymous().get(f"{API}{query}").json()["next"].removeprefix(API)

    def plans(self, path):
        asked = []

        def watch(execute, sql, params, many, context):
            asked.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(watch):
            assert anonymous().get(path).status_code == 200
        for sql, params in asked:
            if sql.lstrip().startswith(("SELECT", "WITH")):
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN {sql}", params)
                    yield "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.django_db(transaction=True)
class TestRemembering:
    @pytest.fixture(autouse=True)
    def all_is_worth_it(self, monkeypatch, forgetful):
        monkeypatch.setattr(memory, "WORTH_IT", 1)

    def count(self):
        return anonymous().get(API).json()["count"]

    def version(self):
        return CatalogueState.objects.values_list("version", flat=True).first()

    def test_counts_once_until_an_edit(self):
        made = product()
        with statements() as first:
            assert self.count() == 1
        with statements() as again:
            assert self.count() == 1
        assert [len(first), len(again)] == [2, 2]
        assert ["COUNT(" in " ".join(seen) for seen in (first, again)] == [True, False]

        use_case(services.archive_product, product_id=made.pk, actor_id=None, now=NOW)

        assert self.count() == 0

    @pytest.mark.parametrize("path", [f"{API}facets/", "/api/v1/categories/"])
    def test_answers_again_from_one_statement(self, path):
        made = product()
        first = anonymous().get(path).json()
        with statements() as again:
            assert anonymous().get(path).json() == first
        assert len(again) == 1

        use_case(services.archive_product, product_id=made.pk, actor_id=None, now=NOW)
        assert anonymous().get(path).json() != first

    def test_that_there_are_more_than_are_counted_is_kept_whatever_is_edited(self, monkeypatch):
        monkeypatch.setattr(CataloguePagination, "most_counted", 2)
        made = [product() for _ in range(3)]
        assert self.count() is None

        use_case(services.archive_product, product_id=made[0].pk, actor_id=None, now=NOW)
        with statements() as seen:
            body = anonymous().get(API).json()

        assert (body["count"], len(body["results"])) == (None, 2)
        assert "COUNT(" not in " ".join(seen)
        # Until what is kept ends.
        cache.clear()
        assert self.count() == 2
        use_case(services.archive_product, product_id=made[1].pk, actor_id=None, now=NOW)
        assert self.count() == 1

    def test_so_are_facets_of_more_than_are_counted(self, monkeypatch):
        monkeypatch.setattr(facets, "MANY", 2)
        made = [product() for _ in range(3)]
        path = f"{API}facets/"
        first = anonymous().get(path).json()
        assert (first["count"], first["complete"]) == (2, False)

        use_case(services.archive_product, product_id=made[0].pk, actor_id=None, now=NOW)

        assert anonymous().get(path).json() == first
        cache.clear()
        assert anonymous().get(path).json()["complete"] is True
        use_case(services.archive_product, product_id=made[1].pk, actor_id=None, now=NOW)
        assert anonymous().get(path).json()["count"] == 1

    def test_so_is_how_many_a_category_has_but_not_its_name(self, monkeypatch):
        monkeypatch.setattr(categories_views, "MANY", 1)
        made = [product(category=category("Lamps").slug), product(category="lamps")]
        assert self.tree() == [("Lamps", 2)]

        use_case(services.archive_product, product_id=made[0].pk, actor_id=None, now=NOW)
        use_case(services.update_category, ref="lamps", actor_id=None, now=NOW, name="Lights")

        assert self.tree() == [("Lights", 2)]
        cache.clear()
        assert self.tree() == [("Lights", 1)]
        use_case(services.archive_product, product_id=made[1].pk, actor_id=None, now=NOW)
        assert self.tree() == [("Lights", 0)]

    def tree(self):
        roots = anonymous().get("/api/v1/categories/").json()["results"]
        return [(root["name"], root["product_count"]) for root in roots]

    @pytest.mark.parametrize(
        ("one", "other", "saved"),
        [
            # Its products and the names of categories.
            ("category=lamps", "category=desks", 2),
            # Its products alone.
            ("brand=fern", "brand=moss", 1),
            ("price_min=1", "price_min=2", 1),
            ("in_stock=true", "in_stock=false", 1),
            ("attr.Material=Oak", "attr.Material=Ash", 1),
        ],
    )
    def test_a_facet_is_that_of_all_lists_that_differ_in_its_own_filter(self, one, other, saved):
        for place, brand, material, stock in (("lamps", "Fern", "Oak", 1), ("desks", "Moss", "Ash", 0)):
            category(place)
            offer = variant_data(price=1990 + stock, on_hand=stock)
            made = product(offer, category=place, brand=brand, attributes={"Material": material})
        own = {"attr.Material": "attributes", "price_min": "price", "in_stock": "availability"}
        facet = own.get(key := one.partition("=")[0], key)

        (first, told), (second, of_other) = self.facets(one), self.facets(other)
        use_case(services.archive_product, product_id=made.pk, actor_id=None, now=NOW)
        edited, told_then = self.facets(one)

        assert of_other[facet] == told[facet] != told_then[facet]
        assert [len(second), len(edited)] == [len(first) - saved, len(first)]

    def test_one_of_stock_is_kept_no_longer_than_stock_may_be(self, settings):
        settings.CATALOGUE_MAX_AGE = 0
        product(category=category("Lamps").slug)

        (first, told), (again, told_again) = self.facets("in_stock=true"), self.facets("in_stock=true")

        assert (len(again), told_again) == (len(first), told)

    @pytest.mark.parametrize("nothing", ["category=none", "brand=none"])
    def test_so_is_that_of_a_list_of_nothing_until_an_edit(self, nothing):
        made = product(category=category("Lamps").slug, brand="Fern")
        facet = nothing.partition("=")[0]
        assert [row["count"] for row in self.facets(nothing)[1][facet]] == [1]

        use_case(services.archive_product, product_id=made.pk, actor_id=None, now=NOW)

        assert self.facets(nothing)[1][facet] == []

    def facets(self, query):
        with statements() as seen:
            answer = anonymous().get(f"{API}facets/?{query}").json()
        return seen, answer

    def test_stock_raises_no_version_and_a_refused_edit_neither(self):
        made = variant()
        before = self.version()

        doer: dict[str, Any] = {"actor_id": None, "now": NOW}
        use_case(services.adjust_stock, variant_id=made.pk, delta=-10, reason="lost", **doer)
        with pytest.raises(CategoryInUse):
            use_case(services.delete_category, slug=category().slug, **doer)
        assert self.version() == before

        use_case(services.update_variant, variant_id=made.pk, weight_grams=3, **doer)
        assert self.version() == before + 1

    def test_nothing_is_kept_where_the_setting_says_so(self, settings):
        settings.CATALOGUE_CACHE = 0
        product()
        self.count()

        with statements() as seen:
            self.count()

        assert "COUNT(" in " ".join(seen)


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
class TestTree:
    def grow(self, number):
        try:
            use_case(services.create_category, name=f"Top {number}")
        except ValidationFailed:
            return False
        return True

    def test_gives_each_of_many_at_once_a_place(self):
        assert all(together(6, self.grow))

        assert sorted(Category.objects.values_list("path", flat=True)) == [f"000{n}" for n in range(1, 7)]

    def test_does_not_without_the_lock(self, monkeypatch):
        """The control: the race is there."""
        monkeypatch.setattr(categories, "lock_by_name", lambda name: None)

        rounds = (together(6, partial(self.grow_in, r)) for r in range(20))

        assert not all(all(grown) for grown in rounds)

    def grow_in(self, round_number, number):
        return self.grow(round_number * 10 + number)
