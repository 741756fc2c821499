"""What keeps a search from growing with the catalogue: beginnings written out, and answers that are remembered."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from products import memory, search, services
from products.models import Product, SearchForm
from products.search import beginnings, looking
from products.search.beginnings import form_of, sought
from products.search.question import parsed
from products.search.ranking import Ranking
from products.tests.factories import NOW, product, variant_data
from shop.core.transactions import use_case
from tests.statements import statements
from users.tests.clients import anonymous

API = "/api/v1/products/"


def page(path: str) -> tuple[list[str], dict[str, Any]]:
    body = anonymous().get(path).json()
    return [row["name"] for row in body["results"]], body


def names(q: str) -> list[str]:
    return page(f"{API}?q={q}")[0]


class TestForms:
    def test_are_words_and_how_those_with_digits_begin(self):
        said = {"lamp": "lamp", "wd40": "wd*", "t9b": "t*", "40w": "", "3": "", "küche": "küche"}

        assert {word: form_of(word) for word in said} == said

    @pytest.mark.needs_postgres
    @pytest.mark.django_db
    def test_are_kept_of_all_that_is_found_and_dropped_with_the_rest(self):
        product(variant_data(sku="WD-40"), name="Oak lamps", description="Of brass, E27")
        SearchForm.objects.create(word="gone")

        search.index_all(lambda done, total: None)

        kept = set(SearchForm.objects.values_list("word", flat=True))
        assert kept == {"oak", "lamps", "lamp", "of", "brass", "wd", "e*"}


@pytest.mark.django_db
class TestBeginnings:
    @pytest.fixture(autouse=True)
    def shelf(self):
        product(variant_data(sku="A-1"), name="Oak lamps", description="Of brass")
        product(variant_data(sku="LAM5"), name="Oak desk", description="For a lampion")
        product(variant_data(sku="A-3"), name="Lamp of walnut")

    QUESTIONS = {
        "oak lam": ["Oak lamps", "Oak desk"],
        "oa lam": ["Oak lamps", "Oak desk"],
        "oak lampi": ["Oak desk"],
        "oak bra": ["Oak lamps"],
        "oak lam5": ["Oak desk"],
        "lam walnuts": ["Lamp of walnut"],
        "oak a1": ["Oak lamps"],
        "oak zz": [],
    }

    def test_of_several_words_find_what_goes_on_so_anywhere(self):
        assert {q: names(q) for q in self.QUESTIONS} == self.QUESTIONS

    def test_that_go_on_in_too_many_ways_find_the_same(self, monkeypatch):
        monkeypatch.setattr(beginnings, "MOST", 1)

        assert {q: names(q) for q in self.QUESTIONS} == self.QUESTIONS

    @pytest.mark.needs_postgres
    def test_are_looked_for_as_whole_words(self):
        written = {
            "oak lam": "( 'oak' ) & ( 'lam':* | 'lamp' | 'lampion' | 'lamps' )",
            "oak 40": "( 'oak' ) & '40':*",
            "oak zz": "( 'oak' ) & 'zz':*",
            # The planner knows how common a single one is.
            "lam": "'lam':*",
        }

        assert {q: self.tsquery(q) for q in written} == {q: self.plain(said) for q, said in written.items()}

    def tsquery(self, q: str) -> str:
        sql, params = sought(parsed(q).begun())
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {sql}", params)
            return str(cursor.fetchone()[0])

    def plain(self, said: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::tsquery", [said])
            return str(cursor.fetchone()[0])


class TestRanking:
    RANKING = Ranking.of([(4, 8), (9, 100), (7, 8), (2, 1)])

    def test_has_the_best_first_and_of_two_alike_the_newer(self):
        assert self.RANKING.ids == [9, 7, 4, 2]

    @pytest.mark.parametrize(
        ("place", "behind", "before"),
        [
            (None, [9, 7, 4, 2], [2, 4, 7, 9]),
            ((8, 7), [4, 2], [9]),
            ((8, 5), [4, 2], [7, 9]),
            ((100, 9), [7, 4, 2], []),
            ((1, 2), [], [4, 7, 9]),
        ],
    )
    def test_goes_on_from_a_place_that_need_not_be_taken(self, place, behind, before):
        assert self.RANKING.beyond(place) == behind
        assert self.RANKING.beyond(place, backwards=True) == before


@pytest.mark.django_db(transaction=True)
class TestRemembered:
    @pytest.fixture(autouse=True)
    def all_is_worth_it(self, monkeypatch):
        monkeypatch.setattr(memory, "WORTH_IT", 1)
        yield
        cache.clear()

    def test_the_order_is_until_an_edit(self, monkeypatch):
        lamps = [product(name=f"Lamp {letter}") for letter in "ABC"]
        expected = ["Lamp C", "Lamp B", "Lamp A"]
        assert names("lamp") == expected

        with monkeypatch.context() as unable:
            unable.setattr(Ranking, "of", None)
            with statements() as seen:
                listed, body = page(f"{API}?q=lamp&page_size=2")
            assert (listed, body["count"], len(seen)) == (expected[:2], 3, 2)
            second, following = page(body["next"])
            assert (second, following["next"]) == (expected[2:], None)
            assert page(following["previous"])[0] == expected[:2]

        use_case(services.update_product, product_id=lamps[0].pk, actor_id=None, now=NOW, name="Desk")
        assert names("lamp") == ["Lamp C", "Lamp B", "Desk"]

    def test_what_is_shown_no_more_is_left_out_of_a_page_that_stays_full(self):
        lamps = [product(name=f"Lamp {letter}") for letter in "ABCD"]
        names("lamp")

        Product.objects.filter(pk__in=[lamps[3].pk, lamps[1].pk]).update(archived_at=NOW)

        listed, body = page(f"{API}?q=lamp&page_size=1")
        assert listed == ["Lamp C"]
        listed, body = page(body["next"])
        assert (listed, body["next"]) == (["Lamp A"], None)

    def test_is_of_one_question(self):
        product(name="Lamp")
        product(name="Oak lamp")
        asked = ["lamp", "oak", "lamp&in_stock=true", "lamp&price_min=5000", "lamp&currency=USD"]

        first = {q: names(q) for q in asked}

        assert first == {q: names(q) for q in asked}
        assert len(first["oak"]) == 1
        assert first["lamp&currency=USD"] == []

    def test_the_length_of_another_order_is(self, monkeypatch):
        monkeypatch.setattr(looking, "MOST", 1)
        for letter in "ABC":
            product(name=f"Lamp {letter}")
        path = f"{API}?q=lamp&ordering=name"

        seen: list[list[str]] = []
        for _ in range(2):
            with statements() as some:
                assert page(path)[1]["count"] == 3
            seen.append(some)

        assert [len(some) for some in seen] == [2, 2]
        assert ["COUNT(" in " ".join(some) for some in seen] == [True, False]

    def test_only_so_much_is_kept(self, monkeypatch):
        monkeypatch.setattr(memory, "_PLACES", 1)
        for q in ("lamp", "oak"):
            noted = memory.Noted("test", {"q": q})
            noted.keep(q, version=7, products=1)

        assert memory.Noted("test", {"q": "lamp"}).version == memory.NEVER
        kept = memory.Noted("test", {"q": "oak"})
        assert (kept.version, kept.value) == (7, "oak")

    def test_little_is_not_and_nothing_is_without_a_memory(self, monkeypatch, settings):
        monkeypatch.setattr(memory, "WORTH_IT", 2)
        memory.Noted("test", {"q": "lamp"}).keep("few", version=7, products=1)
        settings.CATALOGUE_CACHE = 0
        memory.Noted("test", {"q": "oak"}).keep("off", version=7, products=2)
        settings.CATALOGUE_CACHE = 60

        assert [memory.Noted("test", {"q": q}).value for q in ("lamp", "oak")] == [None, None]
