"""What a search finds, in which order, and what it costs; the same on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from products import search, selectors, services
from products.models import Collection, SearchEntry, SearchWord
from products.search import looking
from products.selectors import counting
from products.services import AttributeData
from products.tests.factories import NOW, category, product, variant_data
from shop.api.paging import KeysetPagination
from tests.statements import statements
from users.tests.clients import anonymous

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.django_db
API = "/api/v1/products/"
OAK, TABLE, SHIRT = "Oak Lamps", "Möbel-Tisch", "Women’s T-Shirt"


def found(q: str, **filters: Any) -> list[str]:
    """Return the names of what a search finds, the best first."""
    rows = selectors.list_products(filters={"q": q, **filters}, currency="EUR", now=NOW, ranked=True)
    ordered: Any = rows
    return [row.name for row in ordered.order_by("-relevance", "name")]


def relevance(q: str) -> dict[str, int]:
    rows: Any = selectors.list_products(filters={"q": q}, currency="EUR", now=NOW, ranked=True)
    return dict(rows.values_list("name", "relevance"))


def names_at(path: str) -> tuple[list[str], Any]:
    body = anonymous().get(path).json()
    return [row["name"] for row in body["results"]], body["next"]


@pytest.fixture
def shelf():
    """Fill a shelf on which each word stands where few others have it."""
    lamps = product(
        variant_data(sku="LAMP-1"),
        name=OAK,
        brand="Fern & Œuvre",
        category=category("Lights").slug,
        description="<p>Warm &amp; <b>soft</b>ly</p><p>dimmed</p>",
    )
    Collection.objects.create(name="Winter sale", slug="winter").products.add(lamps)
    for name, kind in (("Wattage", "number"), ("Dimmable", "boolean"), ("Dusty", "boolean")):
        data = AttributeData(name=name, kind=kind, unit="W" if kind == "number" else "")
        services.save_attribute(data=data, actor_id=None, now=NOW)
    services.update_product(
        product_id=lamps.pk, actor_id=None, now=NOW,
        attributes={"Wattage": 40, "Dimmable": True, "Dusty": False, "Finish": "Glänzend"},
    )  # fmt: skip
    table = product(
        variant_data(sku="T_9/b.X", options={"Colour": "Red"}),
        name=TABLE,
        option_names=["Colour"],
        category=category("Furniture").slug,
        description="Goes with a lamp of brass; made for housing coffee.",
    )
    services.write_product_text(
        product_id=table.pk, language="de", actor_id=None, now=NOW,
        said={"name": "Couchtisch ÉCLAT", "description": "Für die Küche", "options": {"Red": "Rot"}},
    )  # fmt: skip
    product(variant_data(sku="LAMP-12"), name=SHIRT, category=category("Clothes").slug)


def answers(questions: Iterable[str]) -> dict[str, list[str]]:
    return {q: found(q) for q in questions}


class TestFound:
    def test_by_names(self, shelf):
        """Whatever the case, the accents, the ending, and signs inside of a word; also by how one begins."""
        expected = {
            "OAK": [OAK],
            "mobel": [TABLE],
            "MÖB": [TABLE],
            "mo\u0308bel": [TABLE],
            "tshirts": [SHIRT],
            "t-shirt": [SHIRT],
            "womens shirt": [SHIRT],
            # In another language.
            "couchtisch": [TABLE],
            "eclat rot küche": [TABLE],
        }
        assert answers(expected) == expected

    def test_by_keywords_and_skus(self, shelf):
        expected = {
            "oeuvre": [OAK],
            "light": [OAK],
            "winter": [OAK],
            "red": [TABLE],
            "40W glanzend dimmable": [OAK],
            "dusty": [],
            "lamp-1": [OAK, SHIRT],
            "LAMP12": [SHIRT],
            "t_9/B.x": [TABLE],
            "t9b": [TABLE],
        }
        assert answers(expected) == expected

    def test_by_descriptions_without_their_markup(self, shelf):
        expected = {"softly": [OAK], "warm dimmed": [OAK], "p": [], "amp": [], "houses": [TABLE]}
        assert answers(expected) == expected

    def test_by_every_word_but_those_that_say_nothing(self, shelf):
        expected = {
            "lamp": [OAK, SHIRT, TABLE],
            "lamps": [OAK, SHIRT, TABLE],
            "lamp oak": [OAK],
            "the lamp with oak": [OAK],
            "lamp nowhere": [],
            "with the": [],
        }
        assert answers(expected) == expected
        for q, names in expected.items():
            in_no_order = selectors.list_products(filters={"q": q}, currency="EUR", now=NOW)
            assert sorted(row.name for row in in_no_order) == sorted(names)

    def test_by_what_is_meant(self, shelf):
        """Letters exchanged, wrong, or left out; but a word that a description has is no slip of another."""
        product(name="Coffee brush", category=category("Clothes").slug)
        expected = {
            "lapm oak": [OAK],
            "cuochtish": [TABLE],
            "furnture": [TABLE],
            "kofee": ["Coffee brush", TABLE],
            "brass": [TABLE],
            "lmp": [],
            "oka": [],
            "LAPM-1": [],
        }
        assert answers(expected) == expected

    def test_signs_are_no_operators(self, shelf):
        """What stands between them are words, and each of those is asked for."""
        questions = [
            "oak*", "^oak", "oak:*", "=oak", "!oak", "(oak", "'oak'", '"oak', "oak\\", "oak -lamp", "oak & !lamp",
            "oak | lamp", "oak <-> lamp", "oak + lamp", "oak\x00lamp", 'oak "OR" lamp', "oak \u200d🌿 lamp\ufe0f",
        ]  # fmt: skip
        assert answers(questions) == {q: [OAK] for q in questions}

    def test_any_text_may_be_asked_for(self, shelf):
        questions = [
            '"', '""', "''", "\\", "*", ")", "|", "%", "_", "🌿", "!!!", "NEAR", "NEAR(oak lamp, 2)", "name:oak",
            "oak:A", "{name} : oak", "oak AND lamp NOT", "%(every)s", "'; DROP TABLE products_product; --", "a" * 100,
            "-" * 100, "é" * 100, "हिन्दी", "灯", "\u200d", "\ud800", "İıẞ", "\x00",
        ]  # fmt: skip
        assert answers(questions) == {q: [] for q in questions}

    def test_an_empty_search_is_none(self, shelf):
        everything = sorted([OAK, TABLE, SHIRT])
        assert {q: sorted(found(q)) for q in ("", "  \t")} == {"": everything, "  \t": everything}

    def test_eight_words_count(self, shelf):
        eight = "oak lamp fern oeuvre lights warm softly dimmed"

        assert found(eight) == [OAK]
        assert found(f"{eight} nowhere") == [OAK]
        assert found(f"nowhere {eight}") == []

    def test_with_other_filters(self, shelf):
        assert found("lamp", category="lights") == [OAK]
        assert found("lamp", brand="nobody") == []

    def test_knows_the_endings_of_the_language_that_is_set(self, settings):
        settings.SEARCH_LANGUAGE = "german"
        product(name="Freundlich")

        assert found("die Freundlichkeiten") == ["Freundlich"]
        settings.SEARCH_LANGUAGE = "none"
        assert found("Freundlichkeiten") == []
        search.index_all(lambda done, total: None)
        assert found("freund") == ["Freundlich"]


class TestRelevance:
    def test_counts_where_the_words_stand(self):
        product(variant_data(sku="A-1"), name="Oak lamp")
        product(variant_data(sku="A-2"), name="Oak")
        product(variant_data(sku="A-3"), name="Big oaken bed")
        product(variant_data(sku="A-4"), name="Bed of oak")
        product(variant_data(sku="A-5"), name="Desk", brand="Oak")
        product(variant_data(sku="A-6"), name="Chair", brand="Oakley")
        product(variant_data(sku="A-7"), name="Shelf", description="Of oak")
        product(variant_data(sku="OAK"), name="Stool")

        assert relevance("oak") == {
            "Stool": 404,
            "Oak": 208,
            "Oak lamp": 108,
            "Bed of oak": 8,
            "Big oaken bed": 6,
            "Desk": 4,
            "Chair": 3,
            "Shelf": 1,
        }

    def test_adds_up_word_by_word(self):
        product(name="Lamp of oak", brand="Fern", description="brass")

        assert relevance("oak lam fern brass") == {"Lamp of oak": 8 + 6 + 4 + 1}
        assert relevance("lamp of") == {"Lamp of oak": 100 + 8}

    def test_is_of_no_concern_to_other_products(self):
        product(name="Oak lamp")
        before = relevance("lamp")

        for number in range(5):
            product(name=f"Lamp lamp {number}", description="lamp " * 50)

        assert {"Oak lamp": relevance("lamp")["Oak lamp"]} == before == {"Oak lamp": 8}

    def test_is_what_a_search_is_ordered_by_in_stable_pages(self):
        for name in ("Oak lamp A", "Lamp B", "Lamp", "Desk C", "Shade D lamp"):
            product(name=name, description="With a lamp")

        first, following = names_at(f"{API}?q=lamp&page_size=2")
        product(name="Lamp", now=NOW + timedelta(seconds=1))
        second, last = names_at(following)
        third, end = names_at(last)

        assert [first, second, third] == [["Lamp", "Lamp B"], ["Shade D lamp", "Oak lamp A"], ["Desk C"]]
        assert end is None

    def test_orders_the_first_thousand(self, monkeypatch):
        monkeypatch.setattr(looking, "MOST", 4)
        for number in range(5):
            product(name=f"Desk {number}", description="lamp")
        product(name="Lamp")
        product(name="Oak lamp")
        product(variant_data(sku="lamp"), name="Zebra")

        body = anonymous().get(f"{API}?q=lamp").json()

        assert body["count"] == 4
        assert [row["name"] for row in body["results"]][:3] == ["Zebra", "Lamp", "Oak lamp"]
        assert body["results"][3]["name"].startswith("Desk")
        assert found("lamp", brand="nobody") == []

    def test_another_order_has_all_and_counts_them_as_every_list(self, monkeypatch):
        monkeypatch.setattr(search, "MOST", 4)
        monkeypatch.setattr(looking, "MOST", 4)
        for number in range(5):
            product(name=f"Lamp {number}", brand=f"Brand {number // 4}")

        body = anonymous().get(f"{API}?q=lamp&ordering=name").json()

        assert [row["name"] for row in body["results"]] == [f"Lamp {number}" for number in range(5)]
        assert body["count"] == 5
        assert anonymous().get(f"{API}?q=lamp&ordering=name&brand=brand+0").json()["count"] == 4
        with monkeypatch.context() as fewer:
            fewer.setattr(KeysetPagination, "most_counted", 4)
            assert anonymous().get(f"{API}?q=lamp&ordering=name").json()["count"] is None
        # Facets are of the best.
        facets = anonymous().get(f"{API}facets/?q=lamp").json()
        assert (facets["count"], facets["complete"]) == (4, False)
        facets = anonymous().get(f"{API}facets/?q=lamp&brand=brand+1").json()
        # What is found is counted whole, and its brands aren't.
        assert (facets["count"], facets["complete"]) == (1, False)
        assert sum(brand["count"] for brand in facets["brand"]) == 4


class TestCost:
    @pytest.mark.parametrize("rows", [1, 20])
    @pytest.mark.parametrize(
        ("q", "cost"),
        [("lamp", 2), ("lamp&ordering=price", 2), ("LAMP-1", 2), ("lapm", 3), ("lapm&ordering=price", 2)],
    )
    def test_a_list_costs_two_statements_and_a_slip_one_more(self, rows, q, cost):
        for number in range(rows):
            product(variant_data(sku=f"LAMP-1{number}"), name=f"Oak lamp {number}")

        with statements() as seen:
            assert len(anonymous().get(f"{API}?q={q}").json()["results"]) == rows

        assert len(seen) == cost

    def test_facets_cost_no_more_with_words_and_a_slip_two(self, shelf):
        def cost(query: str) -> int:
            with statements() as seen:
                assert anonymous().get(f"{API}facets/{query}").status_code == 200
            return len(seen)

        assert [cost(query) for query in ("", "?q=lamp", "?q=lapm", "?q=lamp&in_stock=true")] == [4, 4, 6, 5]


class TestIndex:
    def test_follows_every_edit(self):
        made = product(variant_data(sku="OLD-1"), name="Oak lamp", category=category("Things").slug)
        services.update_product(product_id=made.pk, actor_id=None, now=NOW, name="Brass desk", brand="Fern")
        assert (found("oak"), found("lamp"), found("brass fern")) == ([], [], ["Brass desk"])

        sold = made.variants.get()
        services.update_variant(variant_id=sold.pk, actor_id=None, now=NOW, sku="NEW-1")
        assert (found("old-1"), found("new-1")) == ([], ["Brass desk"])

        services.archive_product(product_id=made.pk, actor_id=None, now=NOW)
        assert not SearchEntry.objects.exists()
        hidden = selectors.list_products(filters={"q": "brass"}, currency="EUR", now=NOW, hidden=True)
        assert list(hidden) == []

    def test_costs_the_same_for_any_number(self):
        def cost(ids: list[int]) -> int:
            with statements() as seen:
                search.index(ids)
            return len(seen)

        made = [product(name=f"Lamp {number}").pk for number in range(8)]

        assert cost([]) == 0
        assert cost(made[:1]) == cost(made) == (4 if connection.vendor == "postgresql" else 3)

    def test_goes_with_the_product(self):
        made = product(variant_data(on_hand=0), name="Lamp")
        for row in (made.variants, made.slugs):
            row.all().delete()

        made.delete()

        assert not SearchEntry.objects.exists()

    def test_the_vocabulary_has_words_of_names_and_keywords(self):
        SearchWord.objects.all().delete()
        product(
            variant_data(sku="CODE-7"), name="T-Shirt 2026 of " + "x" * 70, brand="Œuvre", description="Hidden",
            category=category("Lamps").slug, attributes={"Finish": "matt"},
        )  # fmt: skip

        words = set(SearchWord.objects.values_list("word", flat=True))

        assert words == {"shirt", "x" * 60, "oeuvre", "oeuvr", "lamps", "lamp", "matt"}


class TestTimeLimit:
    def test_ends_a_search_that_takes_too_long(self, monkeypatch, settings):
        """A statement that never ends stands in for a search over more than this machine can read."""
        settings.SEARCH_TIME_LIMIT = 50
        product(name="Lamp")
        endless = (
            "(SELECT 1 AS i FROM pg_sleep(60)) AS n"
            if connection.vendor == "postgresql"
            else "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS i FROM n)"
        )
        for name in ("_POSTGRES", "_SQLITE"):
            monkeypatch.setattr(looking, name, f"SELECT NULL, NULL, i FROM {endless}")
        monkeypatch.setattr(counting, "_ALL", f"(SELECT i FROM {endless}), 0, 0, 0")
        monkeypatch.setattr(looking, "_for_sqlite", lambda every, words: None)

        for path in (f"{API}?q=lamp", f"{API}facets/?q=lamp"):
            answer = anonymous().get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["Retry-After"] == "2"

        # Only searches are bounded, and the connection works on.
        assert names_at(API) == (["Lamp"], None)
