"""What a search finds, in which order, and what it costs; the same on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection

from products import search, selectors, services
from products.models import Collection, SearchEntry, SearchWord
from products.search import looking
from products.services import AttributeData
from products.tests.factories import NOW, category, product, variant_data
from tests.statements import statements
from users.tests.clients import anonymous

pytestmark = pytest.mark.django_db
API = "/api/v1/products/"


def found(q: str, **filters: Any) -> list[str]:
    """Return the names of what a search finds, the best first."""
    rows = selectors.list_products(filters={"q": q, **filters}, currency="EUR", now=NOW, ranked=True)
    return [row.name for row in rows.order_by("-relevance", "name")]


def relevance(q: str) -> dict[str, int]:
    rows = selectors.list_products(filters={"q": q}, currency="EUR", now=NOW, ranked=True)
    return {row.name: row.relevance for row in rows}


def names_at(path: str) -> tuple[list[str], str | None]:
    body = anonymous().get(path).json()
    return [row["name"] for row in body["results"]], body["next"]


@pytest.fixture
def shelf():
    """Fill a shelf on which each word stands where few others have it."""
    lamps = product(
        variant_data(sku="LAMP-1"),
        name="Oak Lamps",
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
        name="Möbel-Tisch",
        option_names=["Colour"],
        category=category("Furniture").slug,
        description="Goes with a lamp of brass; made for housing coffee.",
    )
    services.write_product_text(
        product_id=table.pk, language="de", actor_id=None, now=NOW,
        said={"name": "Couchtisch ÉCLAT", "description": "Für die Küche", "options": {"Red": "Rot"}},
    )  # fmt: skip
    product(variant_data(sku="LAMP-12"), name="Women’s T-Shirt", category=category("Clothes").slug)


class TestFound:
    @pytest.mark.parametrize(
        ("q", "expected"),
        [
            # Names, whatever the case, accents, ending, or signs inside; also the beginning of a word.
            ("OAK", ["Oak Lamps"]),
            ("lamp", ["Oak Lamps", "Women’s T-Shirt", "Möbel-Tisch"]),
            ("lamps", ["Oak Lamps", "Women’s T-Shirt", "Möbel-Tisch"]),
            ("mobel", ["Möbel-Tisch"]),
            ("MÖB", ["Möbel-Tisch"]),
            ("mo\u0308bel", ["Möbel-Tisch"]),
            ("tshirts", ["Women’s T-Shirt"]),
            ("t-shirt", ["Women’s T-Shirt"]),
            ("womens shirt", ["Women’s T-Shirt"]),
            # Keywords: brand, category, collection, options, attributes; what is not said isn't there.
            ("oeuvre", ["Oak Lamps"]),
            ("light", ["Oak Lamps"]),
            ("winter", ["Oak Lamps"]),
            ("red", ["Möbel-Tisch"]),
            ("40W glanzend dimmable", ["Oak Lamps"]),
            ("dusty", []),
            # SKUs as they are, without signs, and in part.
            ("lamp-1", ["Oak Lamps", "Women’s T-Shirt"]),
            ("LAMP12", ["Women’s T-Shirt"]),
            ("t_9/B.x", ["Möbel-Tisch"]),
            ("t9b", ["Möbel-Tisch"]),
            # Descriptions without their markup, to the letter and by stems.
            ("softly", ["Oak Lamps"]),
            ("warm dimmed", ["Oak Lamps"]),
            ("p", []),
            ("amp", []),
            ("houses", ["Möbel-Tisch"]),
            # Other languages.
            ("couchtisch", ["Möbel-Tisch"]),
            ("eclat rot küche", ["Möbel-Tisch"]),
            # Every word counts, but for those that every text has.
            ("lamp oak", ["Oak Lamps"]),
            ("the lamp with oak", ["Oak Lamps"]),
            ("lamp nowhere", []),
            # Slips: letters exchanged, two of them wrong, one too few; not of what stands in a description.
            ("lapm oak", ["Oak Lamps"]),
            ("cuochtish", ["Möbel-Tisch"]),
            ("furnture", ["Möbel-Tisch"]),
            ("bras", ["Möbel-Tisch"]),
            ("lmp", []),
        ],
    )
    def test_by(self, shelf, q, expected):
        assert found(q) == expected
        assert sorted(found(q)) == sorted(
            row.name for row in selectors.list_products(filters={"q": q}, currency="EUR", now=NOW)
        )

    @pytest.mark.parametrize(("q", "count"), [("", 3), ("  \t", 3), ("!!!", 0), ("%", 0), ("_", 0), ("🌿", 0)])
    def test_nothing_to_look_for(self, shelf, q, count):
        """An empty search is none; signs are what no product has."""
        with statements() as seen:
            assert len(found(q)) == count

        assert len(seen) == (1 if count else 0)

    @pytest.mark.parametrize(
        "q",
        [
            '"', '""', "'", "''", "\\", "lamp'", "lamp\\'", '"lamp" OR "oak', "oak*", "*", "^oak", "oak -lamp", "(oak", ")",
            "name:oak", "{name} : oak", "NEAR(oak lamp, 2)", "NEAR", "AND", "OR", "oak NOT lamp", "NOT", "oak + lamp",
            "oak:*", "oak:A", "oak & !lamp", "oak | lamp", "oak <-> lamp", "!oak", "oak\x00lamp", "%s", "%(every)s",
            "'; DROP TABLE products_product; --", "a" * 100, "a " * 50, "-" * 100, "é" * 100, "हिन्दी", "灯", "\u200d", "x\ufe0f",
            "=oak", "#lamp1", "|", "İı", "\ud800",
        ],
    )  # fmt: skip
    def test_no_sign_is_an_operator(self, shelf, q):
        """What is left of each are words, which are all asked for."""
        words = {"oak:*": ["Oak Lamps"], "^oak": ["Oak Lamps"], "oak*": ["Oak Lamps"], "lamp'": None, "lamp\\'": None}

        expected = words.get(q, [])
        names = found(q)

        if q in ("oak -lamp", "oak & !lamp", "oak | lamp", "oak <-> lamp", "oak + lamp", "oak\x00lamp", "(oak", "!oak",
                 "=oak", *(key for key, value in words.items() if value)):  # fmt: skip
            assert names == ["Oak Lamps"]
        elif q in ("lamp'", "lamp\\'", "#lamp1"):
            assert "Oak Lamps" in names
        else:
            assert names == (expected or [])

    def test_eight_words_count(self, shelf):
        eight = "oak lamp fern oeuvre lights warm softly dimmed"

        assert found(eight) == ["Oak Lamps"]
        assert found(f"{eight} nowhere") == ["Oak Lamps"]
        assert found(f"nowhere {eight}") == []

    def test_with_other_filters(self, shelf):
        assert found("lamp", category="lights") == ["Oak Lamps"]
        assert found("lamp", brand="nobody") == []

    def test_knows_the_endings_of_the_language_that_is_set(self, settings):
        settings.SEARCH_LANGUAGE = "german"
        product(name="Bücher", description="Zum Lesen")

        assert found("Buch") == []  # Its vowel changes, which German's stemmer knows nothing of.
        assert found("Büchern und Bücher zum lesen") == ["Bücher"]
        settings.SEARCH_LANGUAGE = "none"
        assert found("Büchern") == []


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
        # Another order has all of them.
        assert anonymous().get(f"{API}?q=lamp&ordering=name").json()["count"] == 8
        assert anonymous().get(f"{API}facets/?q=lamp").json()["count"] == 8
        assert found("lamp", brand="nobody") == []


class TestCost:
    @pytest.mark.parametrize("rows", [1, 20])
    @pytest.mark.parametrize("q", ["lamp", "lapm oka", "lamp&ordering=price", "LAMP-1"])
    def test_a_list_costs_two_statements(self, rows, q):
        for number in range(rows):
            product(variant_data(sku=f"LAMP-1{number}"), name=f"Oak lamp {number}")

        with statements() as seen:
            assert len(anonymous().get(f"{API}?q={q}").json()["results"]) == rows

        assert len(seen) == 2

    def test_facets_cost_one_more(self, shelf):
        def cost(query: str) -> int:
            with statements() as seen:
                assert anonymous().get(f"{API}facets/{query}").status_code == 200
            return len(seen)

        assert cost("?q=lapm") == cost("") + 1


class TestIndex:
    def test_follows_every_edit(self):
        made = product(variant_data(sku="OLD-1"), name="Oak lamp")
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
        made = product(name="Lamp")
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

        assert words == {"shirt", "x" * 60, "oeuvre", "lamps", "matt"}


class TestTimeLimit:
    def test_ends_a_search_that_takes_too_long(self, monkeypatch, settings):
        """A statement that never ends stands in for a search over more than this machine can read."""
        settings.SEARCH_TIME_LIMIT = 50
        product(name="Lamp")
        slow = (
            "SELECT NULL, NULL, 1 FROM pg_sleep(60)"
            if connection.vendor == "postgresql"
            else "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT NULL, NULL, max(i) FROM n"
        )
        for name in ("_POSTGRES", "_SQLITE"):
            monkeypatch.setattr(looking, name, slow)
        monkeypatch.setattr(looking, "_for_sqlite", lambda every, words: None)

        for path in (f"{API}?q=lamp", f"{API}facets/?q=lamp"):
            answer = anonymous().get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["Retry-After"] == "2"

        # Only searches are bounded, and the connection works on.
        assert names_at(API) == (["Lamp"], None)


@pytest.mark.once
def test_every_language_that_may_be_set_has_a_stemmer(settings):
    from snowballstemmer import algorithms

    settings.SEARCH_LANGUAGE = "none"
    assert django_settings.SEARCH_LANGUAGE == "none"
    assert quote("x") == "x"
    assert algorithms()
