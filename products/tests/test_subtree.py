"""Lists of a category with those below it, or of a brand: what they hold, and what a plan of them visits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from products import memory, services
from products.models import Brand, Category, Product, ProductPrice
from products.selectors import browse, subtree
from products.tests.factories import NOW, category, product, variant_data
from tests.statements import statements
from tests.visited import most_visited
from users.tests.clients import anonymous

API = "/api/v1/products/"
pytestmark = pytest.mark.django_db


def answer(path: str) -> Any:
    response = anonymous().get(path)
    assert response.status_code == 200, response.content
    return response.json()


def names(body: Any) -> list[str]:
    return [row["name"] for row in body["results"]]


def tree() -> None:
    """Make rooms with two categories below, and one beside whose path and name begin alike."""
    category("Rooms")
    for name in ("Kitchen", "Bath"):
        services.create_category(name=name, parent="rooms")
    category("Roomsy")


class TestContents:
    def fill(self) -> list[str]:
        """Put products into each category in turn, two at each instant; return the rooms' names, newest first."""
        tree()
        inside = []
        for number in range(11):
            place = ("rooms", "kitchen", "bath", "roomsy")[number % 4]
            made = product(
                variant_data(price=1000 + 100 * (number % 3)),
                name=f"P{number}",
                category=place,
                now=NOW - timedelta(days=number // 2),
            )
            inside += [made] if place != "roomsy" else []
        product(name="Draft", category="bath", published=False)
        inside.sort(key=lambda one: (one.created_at, one.pk), reverse=True)
        return [one.name for one in inside]

    @pytest.mark.parametrize("most", [1000, 0], ids=["of each", "as planned"])
    def test_are_the_same_on_every_page_there_and_back(self, most, monkeypatch):
        monkeypatch.setattr(subtree, "_MOST_COMPARED", most)
        expected = self.fill()

        there, body = [], answer(f"{API}?category=rooms&page_size=3")
        there.append(body)
        while body["next"]:
            product(name="Newer", category="kitchen", now=NOW - timedelta(hours=len(there)))
            body = answer(body["next"])
            there.append(body)
        back = [body]
        while back[-1]["previous"] and len(back) < len(there):
            back.append(answer(back[-1]["previous"]))

        assert [name for page in there for name in names(page) if name != "Newer"] == expected
        assert [names(page) for page in back[:-1]] == [names(page) for page in there[:0:-1]]
        assert there[0]["count"] == len(expected)

    @pytest.mark.parametrize("ordering", ["-price", "rating"])
    def test_are_the_same_in_other_orders(self, ordering):
        expected = self.fill()

        body = answer(f"{API}?category=rooms&ordering={ordering}&page_size=5")
        seen = body["results"]
        while body["next"]:
            body = answer(body["next"])
            seen += body["results"]

        prices = [row["price"] for row in seen]
        assert sorted(row["name"] for row in seen) == sorted(expected)
        assert ordering != "-price" or prices == sorted(prices, reverse=True)

    def test_go_with_the_other_filters_and_words(self):
        self.fill()

        assert names(answer(f"{API}?category=rooms&price_max=10")) == ["P0", "P6", "P9"]
        assert names(answer(f"{API}?category=rooms&price_max=10&ordering=-price")) == ["P9", "P6", "P0"]
        assert names(answer(f"{API}?category=rooms&q=p4")) == ["P4"]
        assert names(answer(f"{API}?category=bath&q=p4&ordering=name")) == []

    @pytest.mark.parametrize("rows", [1, 12])
    def test_cost_two_statements_remembered_or_not(self, rows, monkeypatch):
        monkeypatch.setattr(memory, "WORTH_IT", 1)
        tree()
        for number in range(rows):
            product(category=("kitchen", "bath")[number % 2])

        costs = []
        for _ in range(2):
            with statements() as seen:
                assert answer(f"{API}?category=rooms")["count"] == rows
            costs.append(len(seen))
        cache.clear()

        assert costs == [2, 2]
        with statements() as seen:
            assert answer(f"{API}?category=none") == {
                "count": 0,
                "next": None,
                "previous": None,
                "results": [],
            }
        assert len(seen) == 1


class TestBrand:
    @pytest.fixture(autouse=True)
    def shelf(self):
        tree()
        product(name="A", brand="Fern", category="kitchen", attributes={"Wood": "Oak"})
        product(name="B", brand="Fern", category="roomsy", attributes={"Wood": "Oak", "Finish": "Oak"})
        product(name="C", brand="Ferns", category="kitchen", attributes={"Wood": "Ash", "Finish": "Oak"})

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("brand=Fern", "BA"),
            ("brand=fERN&ordering=name", "AB"),
            ("brand=fern&category=rooms", "A"),
            ("brand=fern&category=none", ""),
            ("brand=none&category=rooms", ""),
            ("brand=none", ""),
            ("brand=fern&q=b", "B"),
            ("brand=ferns&attr.finish=oak", "C"),
            ("attr.wood=OAK&attr.finish=oak", "B"),
            ("attr.finish=oak&ordering=name", "BC"),
        ],
    )
    def test_is_named_in_any_case_beside_other_filters(self, query, expected):
        body = answer(f"{API}?{query}")

        assert (names(body), body["count"]) == (list(expected), len(expected))
        assert answer(f"{API}facets/?{query.partition('&ordering')[0]}")["count"] == len(expected)

    @pytest.mark.parametrize(
        ("query", "cost"), [("brand=fern", 2), ("brand=fern&category=rooms", 2), ("brand=x", 1)]
    )
    def test_costs_no_statement_more(self, query, cost):
        with statements() as seen:
            answer(f"{API}?{query}")

        assert len(seen) == cost


@pytest.mark.needs_postgres
class TestVisits:
    """Half of a shop stands below one category, and all of that is old."""

    PRODUCTS, MOST = 6000, 200
    OLD = f"{API}?category=rooms"
    ONE = f"{API}?category=kitchen"
    FEW = f"{API}?category=nook&ordering=price"
    BRAND = f"{API}?brand=fern"
    FEW_OF_BRAND = f"{API}?brand=moss&ordering=price"
    NONE = f"{API}?brand=none"

    @pytest.fixture(autouse=True)
    def shop(self, monkeypatch):
        monkeypatch.setattr(memory, "WORTH_IT", 1)
        tree()
        product(category="roomsy")
        category("Nook")
        fern, moss = (Brand.objects.create(name=name).pk for name in ("Fern", "Moss"))
        kitchen, bath, roomsy, nook = (
            Category.objects.get(slug=slug).pk for slug in ("kitchen", "bath", "roomsy", "nook")
        )
        # What is old is dear too.
        changes: dict[Any, dict[str, str]] = {
            Product: {
                "id": "t.id + n", "slug": "'copy-' || n", "created_at": "t.created_at + n * interval '1 minute'",
                "category_id": f"CASE WHEN n <= 40 THEN {nook} WHEN n > {self.PRODUCTS // 2} THEN {roomsy} "
                f"WHEN n % 2 = 0 THEN {kitchen} ELSE {bath} END",
                "brand_id": f"CASE WHEN n <= 40 THEN {moss} WHEN n <= {self.PRODUCTS // 4} THEN {fern} END",
            },
            ProductPrice: {"id": "t.id + n", "product_id": "t.product_id + n", "lowest": "90000 - n"},
        }  # fmt: skip
        with connection.cursor() as cursor:
            for model, changed in changes.items():
                columns = [f.column for f in model._meta.concrete_fields if not f.generated]
                said = ", ".join(changed.get(column, f"t.{column}") for column in columns)
                table = model._meta.db_table
                # Each has one row as yet.
                cursor.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) "
                    f"SELECT {said} FROM {table} AS t, generate_series(1, {self.PRODUCTS}) AS n"
                )
            cursor.execute(
                "ANALYZE products_product, products_productprice, products_category, products_brand"
            )
        yield
        cache.clear()

    def visits(self, path: str) -> int:
        # The first counts, and remembers that.
        answer(path)
        return most_visited(anonymous(), path, "products_product", "products_productprice")

    def test_few_rows_of_one_category_or_several_whatever_is_newest_or_cheapest(self):
        following = answer(self.OLD)["next"]

        visited = {path: self.visits(path) for path in (self.OLD, self.ONE, self.FEW, following)}
        visited |= {path: self.visits(path) for path in (self.BRAND, self.FEW_OF_BRAND, self.NONE)}

        assert {path: rows for path, rows in visited.items() if rows > self.MOST} == {}

    def test_control_many_where_the_newest_of_all_are_read(self, monkeypatch):
        monkeypatch.setattr(subtree, "_MOST_COMPARED", 0)

        assert self.visits(self.OLD) > self.PRODUCTS / 2

    def test_control_many_where_a_subquery_names_the_categories(self, monkeypatch):
        monkeypatch.setattr(browse, "known", lambda filters: (dict(filters), None))

        assert self.visits(self.FEW) > self.PRODUCTS / 2

    @pytest.mark.parametrize(("of", "path"), [("category", ONE), ("brand", BRAND)])
    def test_control_many_without_the_index(self, of, path):
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX products_newest_of_{of}")

        assert self.visits(path) > self.PRODUCTS / 4 - 1
