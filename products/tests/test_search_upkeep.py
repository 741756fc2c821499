"""Keeping the index whole: the command, the job, and several edits at once."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, transaction

from products import jobs, search
from products.models import Product, ProductText, SearchEntry, SearchWord, Variant
from products.search import indexing, upkeep
from products.tests.factories import NOW, category, product, variant_data
from shop.core.transactions import sqlstate, use_case
from tests.statements import statements
from users.tests.races import together

MINUTE = timedelta(minutes=1)
# The first of the minutes that look at the beginning of the catalogue, however many stretches that has.
FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def index_products(*options: str) -> str:
    out = StringIO()
    call_command("index_products", *options, stdout=out)
    return out.getvalue()


def indexed() -> list[int]:
    return sorted(SearchEntry.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_a_new_product_is_indexed_once_however_many_variants_it_has():
    variants = [variant_data(options={"Size": size}) for size in "SML"]

    with statements() as seen:
        product(*variants)

    assert sum("INTO products_searchentry" in sql for sql in seen) == 1


@pytest.mark.django_db
class TestCommand:
    def test_indexes_what_is_missing(self, monkeypatch):
        for module in (upkeep, indexing):
            monkeypatch.setattr(module, "BATCH", 2)
        made = [product(name=f"Lamp {number}").pk for number in range(6)]
        SearchEntry.objects.exclude(pk=made[0]).delete()
        Product.objects.filter(pk=made[0]).update(name="Other")
        Product.objects.filter(pk=made[5]).update(archived_at=NOW)

        said = index_products()

        assert said == "indexing: 2/4\nindexing: 4/4\n4 products were indexed.\n"
        assert indexed() == made[:5]
        assert SearchEntry.objects.get(pk=made[0]).name.startswith("| lamp 0 |")
        with statements() as seen:
            assert index_products() == "0 products were indexed.\n"
        assert len(seen) == 2

    def test_indexes_all_anew(self):
        made = [
            product(variant_data(sku=f"A-{n}"), name=name).pk
            for n, name in enumerate(["Lamp", "Desk", "Chair"])
        ]
        Product.objects.filter(pk=made[0]).update(name="Stool")
        Product.objects.filter(pk=made[1]).update(archived_at=NOW)

        assert index_products("--all").endswith("3 products were indexed.\n")

        assert indexed() == [made[0], made[2]]
        # "Lamps" is the category's.
        assert set(SearchWord.objects.values_list("word", flat=True)) == {"stool", "chair", "lamps", "lamp"}


@pytest.mark.django_db
class TestJob:
    def test_heals_a_part_at_once(self, monkeypatch):
        for name, value in (("BATCH", 2), ("_BATCHES_AT_ONCE", 2)):
            monkeypatch.setattr(upkeep, name, value)
        made = [product(name=f"Lamp {number}").pk for number in range(5)]
        SearchEntry.objects.all().delete()

        assert [jobs.index_missing_products(FIRST) for _ in range(3)] == [4, 1, 0]
        assert indexed() == made

    def test_looks_at_another_stretch_each_minute(self, monkeypatch):
        made = [product(name=f"Lamp {number}").pk for number in range(3)]
        monkeypatch.setattr(upkeep, "_WINDOW", made[-1])
        SearchEntry.objects.all().delete()

        assert [jobs.index_missing_products(FIRST + MINUTE * n) for n in range(3)] == [2, 1, 0]
        assert indexed() == made

    def test_costs_two_statements_when_nothing_is_to_do(self):
        product()

        with statements() as seen:
            assert jobs.index_missing_products(NOW) == 0

        assert len(seen) == 2


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Two transactions meet in the index, each having written what the other can't see yet."""

    @pytest.fixture
    def meeting(self, monkeypatch):
        """Let both go on together from a place, if both ever get there."""

        def meet_before(name: str) -> None:
            barrier, original = threading.Barrier(2), getattr(indexing, name)

            def meet(*args):
                with suppress(threading.BrokenBarrierError):
                    barrier.wait(timeout=1)
                return original(*args)

            monkeypatch.setattr(indexing, name, meet)

        return meet_before

    # Both are made before anybody is to meet: a product that is made is indexed too, and would wait in vain.
    @pytest.fixture
    def lamp(self) -> Product:
        return product(variant_data(sku="OLD"), name="Lamp", category=category("Things").slug)

    @pytest.fixture
    def pair(self) -> list[int]:
        return [product(name="Lamp").pk, product(name="Desk").pk]

    def edits(self, made: Product) -> str:
        written = threading.Barrier(2)

        def edit(number: int) -> None:
            if number:
                ProductText.objects.create(product=made, language="de", name="Leuchte")
            else:
                Variant.objects.filter(product=made).update(sku="NEW")
            written.wait(timeout=10)
            search.index([made.pk])

        together(2, lambda number: use_case(edit, number))
        return str(SearchEntry.objects.values_list("vector", flat=True).get())

    def test_the_entry_has_what_both_have_written(self, lamp, meeting):
        meeting("_write")

        vector = self.edits(lamp)

        assert "'#new'" in vector
        assert "'leuchte'" in vector

    def test_it_would_not_without_the_lock(self, lamp, meeting, monkeypatch):
        meeting("_write")
        monkeypatch.setattr(indexing, "_lock", lambda ids: None)

        vector = self.edits(lamp)

        assert ("'#new'" in vector) != ("'leuchte'" in vector)

    def index_from_both_ends(self, made, index) -> list[str | None]:
        def run(number: int) -> str | None:
            try:
                with transaction.atomic():
                    index(made if number else made[::-1])
            except OperationalError as error:
                return sqlstate(error)
            return None

        return together(2, run)

    def test_products_are_locked_in_order(self, pair, meeting, monkeypatch):
        monkeypatch.setattr(indexing, "BATCH", 1)
        meeting("_said_of")

        assert self.index_from_both_ends(pair, search.index) == [None, None]

    def test_they_would_wait_for_each_other_otherwise(self, pair, meeting):
        def index(ids: list[int]) -> None:
            for one in ids:
                search.index([one])

        meeting("_said_of")

        assert sorted(self.index_from_both_ends(pair, index), key=str) == ["40P01", None]
