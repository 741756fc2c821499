"""Saving in batches and at the same time: as many statements for many products, and nothing twice."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction
from django.db.models import F, Sum

from products import services
from products.errors import OutOfStock
from products.importing import existing, saving
from products.importing.records import ProductRecord, RowError
from products.importing.saving import Saved
from products.memory import catalogue_version
from products.models import (
    Brand,
    Category,
    Collection,
    Price,
    StockItem,
    Variant,
)
from products.services.bulk.names import make_missing
from products.tests.factories import NOW, category, product
from products.tests.importing.saying import change, record, save, sized, variant
from shop.core import transactions
from shop.core.ids import new_id
from shop.core.transactions import use_case
from tests.statements import statements
from users.tests.races import together

pytestmark = pytest.mark.django_db


class TestStatements:
    @pytest.mark.parametrize("handle", ["new", "known", "same"])
    def test_are_as_many_for_thirty_products_as_for_two(self, handle):
        def batch(size: int, price: int) -> list[ProductRecord]:
            return [
                record(
                    f"{handle}-{size}-{number}",
                    sized(2, "S", sku=f"{size}-{number}", price=price, on_hand=price),
                    brand="Fern", attributes={"Watt": str(price)}, collections=("Sale",), option_names=("Size",),
                    external_id=f"{size}-{number}", description=f"{price}",
                )
                for number in range(size)
            ]  # fmt: skip

        counts = []
        save(record("first", brand="Fern", attributes={"Watt": "1"}, collections=("Sale",)))
        # SQLite takes 999 values a statement: with more rows than that leaves room for, it would be one more.
        for size in (2, 30):
            if handle != "new":
                save(*batch(size, 10))
            with statements() as seen:
                saved = save(*batch(size, 10 if handle == "same" else 20))
            assert (saved.created, saved.updated, saved.unchanged) == tuple(
                size if handle == which else 0 for which in ("new", "known", "same")
            )
            counts.append(len(seen))

        assert counts[0] == counts[1], counts
        assert counts[0] <= {"new": 50, "known": 50, "same": 14}[handle]


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
def test_a_file_that_makes_categories_keeps_no_other_edit_waiting():
    lamp = product()
    before = catalogue_version()

    def edit(_: int) -> int:
        use_case(services.update_product, product_id=lamp.pk, name="Desk lamp", actor_id=None, now=NOW)
        return catalogue_version()

    with transaction.atomic():
        make_missing([record("shade", category=("Attic",))], actor_id=None, now=NOW)
        assert together(1, edit) == [before + 1]


@pytest.mark.django_db(transaction=True)
class TestTwoFilesAtOnce:
    FILES = 4

    def batch(self, number: int) -> list[ProductRecord]:
        made = [
            record(
                f"lamp-{n}", sized(2, "S", sku=f"L{n}", on_hand=3), category=("Lamps", f"Kind {n % 3}"),
                brand=f"Brand {n % 2}", attributes={"Watt": "5"}, collections=("Sale",),
            )
            for n in range(12)
        ]  # fmt: skip
        return made if number % 2 else made[::-1]

    def test_leave_each_product_once_and_nobody_is_refused(self):
        outcomes = together(self.FILES, lambda number: save(*self.batch(number)))

        assert [outcome.errors for outcome in outcomes] == [[]] * self.FILES
        assert sum(outcome.created for outcome in outcomes) == 12
        assert sum(outcome.unchanged for outcome in outcomes) == 12 * (self.FILES - 1)
        assert (Category.objects.count(), Brand.objects.count(), Collection.objects.count()) == (4, 2, 1)
        assert sum(StockItem.objects.values_list("on_hand", flat=True)) == 36
        assert_ledger_adds_up()

    def test_agree_when_both_change_the_same_stock_and_prices(self):
        save(*self.batch(0))

        def edit(number: int) -> Saved:
            said = [
                change(f"lamp-{n}", variant(sku=f"L{n}", price=100 + number, on_hand=number))
                for n in range(12)
            ]
            return save(*(said if number % 2 else said[::-1]))

        outcomes = together(self.FILES, edit)

        assert [outcome.errors for outcome in outcomes] == [[]] * self.FILES
        assert_ledger_adds_up()
        rows = Price.objects.values_list(
            "variant__product__lowest_prices__lowest", "amount", "variant__stock__on_hand"
        )
        assert all(lowest == amount == 100 + on_hand for lowest, amount, on_hand in rows)

    @pytest.mark.needs_postgres
    def test_and_buyers_never_wait_in_a_circle(self, monkeypatch):
        # A deadlock would otherwise be tried again, and nobody would see it.
        monkeypatch.setattr(transactions, "_TRIES", 1)
        save(*[record(f"lamp-{n}", sized(2, "S", sku=f"S{n}"), sized(3, "M", sku=f"M{n}")) for n in range(6)])
        variants = list(Variant.objects.order_by("pk").values_list("pk", flat=True))

        def act(number: int) -> list[str]:
            if number % 2:
                wanted = dict.fromkeys(variants[number::3], 5)
                try:
                    services.reserve(order_ref=new_id(), quantities=wanted, expires_at=None, now=NOW)
                except OutOfStock:
                    return ["short"]
                return []
            said = [
                (variant(sku=f"M{n}", on_hand=5 + number), variant(sku=f"S{n}", on_hand=6)) for n in range(6)
            ]
            return [
                e.column for e in save(*(change(f"lamp-{n}", *both) for n, both in enumerate(said))).errors
            ]

        outcomes = together(8, act)

        assert {what for outcome in outcomes for what in outcome} <= {"short", "on_hand"}
        items = StockItem.objects.annotate(moved=Sum("variant__movements__delta"))
        assert not items.exclude(on_hand=F("moved")).exists()
        assert not items.filter(reserved__gt=F("on_hand")).exists()

    @pytest.mark.needs_postgres
    def test_meet_after_both_have_read_and_the_second_finds_all_done(self, both_read_first):
        outcomes = together(2, lambda _: save(*both_read_first))

        assert sorted((o.created, o.unchanged, o.errors) for o in outcomes) == [(0, 12, []), (12, 0, [])]

    @pytest.mark.needs_postgres
    def test_negative_control_refuse_each_other_when_nobody_tries_again(self, both_read_first, monkeypatch):
        monkeypatch.setattr(saving, "_TRIES", 1)
        met = Saved(errors=[RowError(line=1, column="", reason="met")])
        monkeypatch.setattr(saving, "_written_alone", lambda record, doer: met)

        outcomes = together(2, lambda _: save(*both_read_first))

        assert sorted((o.created, len(o.errors)) for o in outcomes) == [(0, 12), (12, 0)]

    @pytest.fixture
    def both_read_first(self, monkeypatch) -> list[ProductRecord]:
        """Return a batch that each of two has read everything for before the other writes."""
        category("Lamps")
        ready, read, waited = threading.Barrier(2), existing.read_existing, threading.local()

        def read_and_wait(*args, **values):
            known = read(*args, **values)
            if values["lock"] and not hasattr(waited, "once"):
                waited.once = ready.wait(timeout=30)
            return known

        monkeypatch.setattr(saving, "read_existing", read_and_wait)
        return [record(f"lamp-{n}") for n in range(12)]


def assert_ledger_adds_up() -> None:
    """S1 and S3 of the promises."""
    items = StockItem.objects.annotate(moved=Sum("variant__movements__delta")).exclude(on_hand=F("moved"))
    assert list(items.filter(on_hand__gt=0)) == []
    assert not StockItem.objects.exclude(reserved=0).exists()
