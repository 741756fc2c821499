"""Saving a file's products: the same rows that the services leave, in bulk, and nothing where nothing differs."""

from __future__ import annotations

import re
import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db.models import F, Sum

from products import services
from products.errors import OutOfStock
from products.importing import comparing, saving
from products.importing.records import ProductRecord, RowError, VariantRecord
from products.importing.saving import Saved, save_products
from products.models import (
    Attribute,
    Brand,
    Category,
    Collection,
    Price,
    PriceChange,
    Product,
    ProductAttribute,
    ProductPrice,
    ProductSlug,
    StockItem,
    StockMovement,
    Variant,
)
from products.services.changes import catalogue_version
from products.tests.factories import NOW, category, product, variant_data
from products.tests.importing.snapshots import snapshot
from shop.audit.models import AuditEntry
from shop.core import transactions
from shop.core.errors import Unavailable
from shop.core.ids import new_id
from shop.events.models import OutboxEvent
from tests.statements import statements
from users.tests.factories import UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)
WRITES = ("INSERT", "UPDATE", "DELETE")


def variant(line: int = 2, **values: Any) -> VariantRecord:
    return VariantRecord(line=line, **values)


def record(handle: str = "oak-lamp", *variants: VariantRecord, **values: Any) -> ProductRecord:
    """Return a product as a new one needs it, with one variant at 19.90 unless some are given."""
    usual: dict[str, Any] = {"line": 2, "name": "Oak lamp", "category": ("Lamps",)}
    usual["variants"] = variants or (variant(sku=f"{handle}-1", price=1990, on_hand=5),)
    return ProductRecord(handle=handle, **usual | values)


def change(handle: str = "oak-lamp", *variants: VariantRecord, line: int = 2, **values: Any) -> ProductRecord:
    """Return what a file says that names nothing but these."""
    return ProductRecord(handle=handle, line=line, variants=variants, **values)


def save(*records: ProductRecord, dry_run: bool = False, now: Any = NOW) -> Saved:
    return save_products(records, actor_id=None, now=now, dry_run=dry_run)


def sized(line: int, size: str, **values: Any) -> VariantRecord:
    return variant(line, options={"Size": size}, **{"price": 1990, "on_hand": 5} | values)


EVERYTHING = record(
    "oak-lamp",
    sized(2, "S", sku="OAK-S", price=1990, compare_at=2990, on_hand=3, weight_grams=900, external_id="v1"),
    sized(3, "M", sku="OAK-M", price=2490, on_hand=-2, backorder_limit=5, available_at=date(2026, 4, 1)),
    sized(4, "L", tracked=False, on_hand=None, requires_shipping=False, low_stock_threshold=2),
    description='<p>Solid <b>oak</b>.</p><script>alert("x")</script>',
    category=("Rooms", "Living", "Lamps"),
    brand="Fern & Oak",
    tax_class="reduced",
    published_at=NOW - timedelta(days=3),
    published_until=NOW + timedelta(days=30),
    option_names=("Size",),
    attributes={"Material": "Oak", "Wattage": "9.50"},
    collections=("Sale", "Summer"),
    seo_title="Lamp",
    seo_description="A lamp of oak",
    external_id="p1",
    image_sources=(("https://example.com/a.jpg", "A lamp"),),
)


class TestANewProduct:
    def test_has_every_row_that_the_services_would_leave(self):
        saved = save(EVERYTHING)

        assert saved == Saved(created=1, errors=[])
        made = Product.objects.select_related("category", "brand").get()
        assert (made.slug, made.name, made.tax_class, made.external_id) == (
            "oak-lamp", "Oak lamp", "reduced", "p1",
        )  # fmt: skip
        assert made.description == "<p>Solid <b>oak</b>.</p>"
        assert [c.name for c in Category.objects.order_by("path")] == ["Rooms", "Living", "Lamps"]
        assert (made.category.name, made.category.depth, made.brand.name) == ("Lamps", 3, "Fern & Oak")
        assert (made.published_at, made.published_until) == (
            NOW - timedelta(days=3), NOW + timedelta(days=30),
        )  # fmt: skip
        assert (made.seo_title, made.seo_description, made.option_names) == (
            "Lamp",
            "A lamp of oak",
            ["Size"],
        )
        assert made.image_sources == [{"url": "https://example.com/a.jpg", "alt": "A lamp"}]
        assert (made.created_at, made.updated_at, made.version, made.in_stock) == (NOW, NOW, 1, True)
        assert made.attributes == {"Material": "Oak", "Wattage": "9.50"}
        assert set(ProductAttribute.objects.values_list("attribute__key", "key", "value")) == {
            ("material", "oak", "Oak"), ("wattage", "9.50", "9.50"),
        }  # fmt: skip
        assert ProductSlug.objects.get().slug == "oak-lamp"
        assert set(made.collections.values_list("slug", flat=True)) == {"sale", "summer"}

    def test_has_its_variants_with_price_stock_and_ledger(self):
        save(EVERYTHING)

        rows = Variant.objects.order_by("position").values_list(
            "sku", "options", "weight_grams", "requires_shipping", "available_at", "external_id"
        )
        made = "oak-lamp-l-"
        assert [(row[0] if not row[0].startswith(made) else made, *row[1:]) for row in rows] == [
            ("OAK-S", {"Size": "S"}, 900, True, None, "v1"),
            ("OAK-M", {"Size": "M"}, 0, True, date(2026, 4, 1), None),
            (made, {"Size": "L"}, 0, False, None, None),
        ]
        stock = StockItem.objects.order_by("variant__position").values_list(
            "tracked", "on_hand", "reserved", "backorder_limit", "low_stock_threshold"
        )
        assert list(stock) == [(True, 3, 0, 0, None), (True, -2, 0, 5, None), (False, 0, 0, 0, 2)]
        movements = StockMovement.objects.order_by("-delta").values_list("kind", "delta", "reason")
        assert list(movements) == [("receipt", 3, "import"), ("adjustment", -2, "import")]
        prices = Price.objects.order_by("variant__position").values_list(
            "currency", "amount", "compare_at", "lowest_before"
        )
        assert list(prices) == [
            ("EUR", 1990, 2990, None),
            ("EUR", 2490, None, None),
            ("EUR", 1990, None, None),
        ]
        assert PriceChange.objects.filter(at=NOW).count() == 3
        assert list(ProductPrice.objects.values_list("currency", "lowest", "compare_at")) == [
            ("EUR", 1990, 2990)
        ]
        entries = AuditEntry.objects.filter(action="products.created")
        assert [(entry.object_id, entry.facts) for entry in entries] == [
            (str(Product.objects.get().pk), {"by": "import"})
        ]

    def test_is_shown_at_once_unless_the_file_says_otherwise(self):
        save(record("shown"), record("hidden", published=False), record("later", published_at=LATER))

        assert dict(Product.objects.values_list("slug", "published_at")) == {
            "shown": NOW,
            "hidden": None,
            "later": LATER,
        }

    def test_goes_where_categories_brands_and_collections_of_any_case_are(self):
        lamps = services.create_category(name="Table", parent=category("Lamps").slug)
        product(brand="Fern", category=lamps.slug)
        sale = services.create_collection(name="Sale", actor_id=None, now=NOW)

        save(record(category=("LAMPS", "table"), brand="FERN", collections=("SALE", "sale")))

        made = Product.objects.get(slug="oak-lamp")
        assert (made.category_id, made.brand.name) == (lamps.pk, "Fern")
        assert list(made.collections.all()) == [sale]
        assert (Category.objects.count(), Brand.objects.count(), Collection.objects.count()) == (2, 1, 1)

    def test_may_come_without_a_variant(self):
        assert save(record("oak-lamp", variants=())) == Saved(created=1, errors=[])
        assert not Product.objects.get().in_stock


class TestTheSameAgain:
    def test_writes_nothing_and_opens_no_transaction(self):
        save(EVERYTHING, record("plain"))
        before = snapshot()

        with statements() as seen:
            saved = save(EVERYTHING, record("plain"), now=LATER)

        assert saved == Saved(unchanged=2, errors=[])
        assert [sql for sql in seen if sql.lstrip().startswith(WRITES) or "FOR " in sql] == []
        assert snapshot() == before

    def test_is_found_by_an_old_slug_and_by_options(self):
        save(record("oak-lamp", sized(2, "S"), sized(3, "M", sku="OAK-M")))
        made = Product.objects.get()
        services.update_product(product_id=made.pk, actor_id=None, now=NOW, slug="oak-light")

        saved = save(record("oak-lamp", sized(2, "s"), sized(3, "M", sku="OAK-M"), option_names=("SIZE",)))

        assert saved == Saved(updated=1, errors=[])
        assert Product.objects.get().option_names == ["Size"]
        assert sorted(v.options["Size"] for v in Variant.objects.all()) == ["M", "s"]

    def test_leaves_variants_and_columns_alone_that_the_file_does_not_name(self):
        save(EVERYTHING)
        before = snapshot()

        assert save(change("oak-lamp", variant(sku="OAK-S")), change("oak-lamp")).unchanged == 2
        assert snapshot() == before


class TestAChange:
    def test_writes_the_columns_that_differ(self):
        save(EVERYTHING)

        saved = save(
            change(
                "oak-lamp",
                sized(2, "XS", sku="OAK-S", price=2090, on_hand=4, weight_grams=950),
                variant(3, sku="OAK-M", tracked=False, requires_shipping=False),
                name="Oak light",
                description="Plain < text",
                category=("Rooms",),
                brand="",
                published=False,
                attributes={"MATERIAL": "Ash", "Wattage": "", "Colour": "Brown"},
                collections=("Summer", "New"),
            ),
            now=LATER,
        )

        assert saved == Saved(updated=1, errors=[])
        made = Product.objects.select_related("category").get()
        assert (made.name, made.description, made.category.name, made.brand) == (
            "Oak light", "Plain &lt; text", "Rooms", None,
        )  # fmt: skip
        assert (made.published_at, made.created_at, made.updated_at) == (None, NOW, LATER)
        assert made.attributes == {"Material": "Ash", "Colour": "Brown"}
        assert set(ProductAttribute.objects.values_list("attribute__key", "key")) == {
            ("material", "ash"), ("colour", "brown"),
        }  # fmt: skip
        assert sorted(made.collections.values_list("name", flat=True)) == ["New", "Summer"]
        changed = Variant.objects.get(sku="OAK-S")
        assert (changed.options, changed.weight_grams, changed.stock.on_hand) == ({"Size": "XS"}, 950, 4)
        price = changed.prices.get()
        assert (price.amount, price.compare_at) == (2090, None)
        other = Variant.objects.get(sku="OAK-M")
        assert (other.requires_shipping, other.stock.tracked, other.stock.on_hand) == (False, False, -2)
        assert ProductPrice.objects.get().lowest == 1990
        assert AuditEntry.objects.filter(action="products.updated").count() == 1

    def test_of_stock_alone_is_no_edit_of_the_catalogue(self, django_capture_on_commit_callbacks):
        save(record())
        version = catalogue_version()

        with django_capture_on_commit_callbacks(execute=True):
            saved = save(change("oak-lamp", variant(sku="oak-lamp-1", on_hand=8)), now=LATER)

        assert saved == Saved(updated=1, errors=[])
        assert (StockItem.objects.get().on_hand, Product.objects.get().updated_at) == (8, NOW)
        assert catalogue_version() == version
        assert not AuditEntry.objects.filter(action="products.updated").exists()
        with django_capture_on_commit_callbacks(execute=True):
            save(change("oak-lamp", name="Oak light"))
        assert catalogue_version() == version + 1

    def test_lets_two_variants_change_places(self):
        save(record("oak-lamp", sized(2, "S", sku="A"), sized(3, "M", sku="B")))

        saved = save(change("oak-lamp", sized(2, "M", sku="A"), sized(3, "S", sku="B")))

        assert saved == Saved(updated=1, errors=[])
        assert {v.sku: v.options["Size"] for v in Variant.objects.all()} == {"A": "M", "B": "S"}

    def test_adds_variants_behind_those_that_are_there(self):
        save(record("oak-lamp", sized(2, "S", sku="A", on_hand=0), sized(3, "M", sku="B", on_hand=0)))

        save(change("oak-lamp", sized(2, "L", sku="C", price=990), sized(3, "XL", sku="D")))

        assert list(Variant.objects.order_by("position").values_list("sku", flat=True)) == [
            "A",
            "B",
            "C",
            "D",
        ]
        assert (Product.objects.get().in_stock, ProductPrice.objects.get().lowest) == (True, 990)

    def test_comes_again_in_the_same_batch(self):
        saved = save(record(), change("oak-lamp", variant(sku="oak-lamp-1", price=990)), record("other"))

        assert saved == Saved(created=2, updated=1, errors=[])
        assert Price.objects.get(variant__sku="oak-lamp-1").amount == 990

    def test_announces_what_is_back_and_what_runs_low(self):
        save(
            record("back", variant(sku="BACK", price=100, on_hand=0)),
            record("low", variant(sku="LOW", price=100, on_hand=9, low_stock_threshold=3)),
        )
        waited, low = Variant.objects.get(sku="BACK"), Variant.objects.get(sku="LOW")
        services.ask_for_alert(user_id=UserFactory().pk, variant_id=waited.pk, now=NOW)

        save(change("back", variant(sku="BACK", on_hand=2)), change("low", variant(sku="LOW", on_hand=3)))

        events = OutboxEvent.objects.order_by("type").values_list("type", "payload__variants")
        assert list(events) == [
            ("products.product_restocked.v1", [{"variant_id": waited.pk}]),
            ("products.stock_low.v1", [{"variant_id": low.pk, "available": 3}]),
        ]
        assert list(Product.objects.values_list("in_stock", flat=True)) == [True, True]


class TestTheServices:
    """The same catalogue, once by the services and once by files, is the same rows."""

    def test_leave_the_same_rows_for_new_products(self):
        top = category("Lamps").slug
        one = variant_data(sku="A", options={"Size": "S"}, price=1990, compare_at=2990, on_hand=3)
        two = variant_data(
            sku="B", options={"Size": "M"}, price=990, on_hand=0, backorder_limit=2, position=1
        )
        product(one, two, name="Oak lamp", category=top, brand="Fern", attributes={"Watt": 9.5})
        product(variant_data(sku="C", on_hand=0), name="Ash lamp", category=top)
        by_services = snapshot(empty=True)

        save(
            record(
                "oak-lamp",
                sized(2, "S", sku="A", compare_at=2990, on_hand=3),
                sized(3, "M", sku="B", price=990, on_hand=0, backorder_limit=2),
                brand="Fern", attributes={"Watt": "9.5"},
            ),
            record("ash-lamp", variant(sku="C", price=1990, on_hand=0), name="Ash lamp"),
        )  # fmt: skip

        assert snapshot() == by_services

    def test_leave_the_same_rows_for_prices_and_their_history(self):
        steps = [
            (0, 2000, None), (10, 1500, None), (20, 2000, None), (45, 1800, 2000), (46, 1800, 2500),
            (50, 1700, 2000), (60, 1700, None), (61, 1600, 1700),
        ]  # fmt: skip
        top, made = category("Lamps").slug, variant_data(sku="A", price=2000)
        product(made, name="Oak lamp", category=top)
        for days, amount, compare_at in steps:
            services.set_price(
                variant_id=Variant.objects.get().pk, amount=amount, compare_at=compare_at, currency="EUR",
                now=NOW + timedelta(days=days),
            )  # fmt: skip
        by_services = snapshot(empty=True)

        save(record("oak-lamp", variant(sku="A", price=2000, on_hand=10)))
        for days, amount, compare_at in steps:
            said = variant(sku="A", price=amount, compare_at=compare_at)
            save(change("oak-lamp", said), now=NOW + timedelta(days=days))

        by_file = snapshot()
        assert by_file["prices"] == by_services["prices"] == [("A", "EUR", 1600, 1700, 1700)]
        assert by_file["changes"] == by_services["changes"]
        assert by_file["lowest"] == by_services["lowest"] == [("oak-lamp", "EUR", 1600, 1700, 1700)]

    def test_agree_on_stock_after_orders(self):
        save(record("oak-lamp", sized(2, "S", sku="A", on_hand=2), sized(3, "M", sku="B", on_hand=0)))
        one = Variant.objects.get(sku="A").pk
        services.reserve(order_ref=new_id(), quantities={one: 2}, expires_at=None, now=NOW)
        assert not Product.objects.get().in_stock

        save(change("oak-lamp", variant(sku="A", on_hand=3), variant(3, sku="B", backorder_limit=0)))

        item = StockItem.objects.get(pk=one)
        assert (item.on_hand, item.reserved, Product.objects.get().in_stock) == (3, 2, True)
        save(change("oak-lamp", variant(sku="A", on_hand=2)))
        assert not Product.objects.get().in_stock
        save(change("oak-lamp", variant(sku="B", backorder_limit=1)))
        assert Product.objects.get().in_stock


def refused(line: int, column: str, reason: str) -> list[RowError]:
    return [RowError(line=line, column=column, reason=reason)]


def one(number: int, **values: Any) -> ProductRecord:
    """Return a new product on a line of its own, whose one variant has these values."""
    return record(f"bad-{number}", variant(number, **{"sku": f"B{number}", "price": 9} | values), line=number)


def bad(number: int, **values: Any) -> ProductRecord:
    """Return a new product on a line of its own with these values."""
    return record(**{"handle": f"bad-{number}", "line": number} | values)


BAD = [
    (bad(1, handle="X9"), "handle", "Write lower-case letters, digits and hyphens, at least one letter."),
    (bad(2, handle="gone"), "handle", "This product is archived."),
    (bad(3, name=None), "name", "A new product needs a name."),
    (bad(4, name="x" * 201), "name", "This has 201 characters; 200 fit."),
    (bad(5, name="a\0b"), "handle", "A text holds a character that can't be stored (NUL)."),
    (bad(6, category=()), "category", "A new product needs a category."),
    (bad(7, tax_class="a b"), "tax_class", "Write the code of a tax class, like standard."),
    (bad(8, external_id="ref"), "external_id", "Another product has this."),
    (bad(9, published_until=NOW), "published_until", "It would be hidden before it is shown."),
    (bad(10, attributes={"watt": "many"}), "attr.Watt", "This is a number: write it like 12.5."),
    (
        bad(11, image_sources=(("ftp://x", ""),)),
        "image_sources",
        "Write addresses that begin with https:// or http://.",
    ),
    (one(12, price=None), "price", "A new variant needs a price."),
    (one(13, price=-1), "price", "This is no amount that the shop can handle."),
    (one(14, compare_at=9), "compare_at_price", "This must be higher than the price."),
    (one(15, currency="JPY"), "currency", "The shop sells in EUR."),
    (one(16, sku="TAKEN"), "sku", "This is the SKU of another product, taken."),
    (one(17, sku="GONE"), "sku", "This is the SKU of another product, gone."),
    (one(18, on_hand=-1), "on_hand", "Less than 0 can't be on hand."),
    (one(19, backorder_limit=1_000_001), "backorder_limit", "Write a number from 0 to 1000000."),
    (one(20, external_id="ref"), "variant_external_id", "Another variant has this."),
    (
        bad(21, variants=(sized(21, "S", sku="S"), sized(21, "s", sku="s"))),
        "option1_value",
        "S and s have the same options.",
    ),
    (
        bad(22, variants=(sized(22, "S", sku="A"), sized(22, "M", sku="A"))),
        "sku",
        "The file has this variant twice.",
    ),
    (
        change("taken", variant(23, sku="TAKEN", on_hand=1), line=23),
        "on_hand",
        "Orders hold 2; 1 on hand and 0 on backorder is less.",
    ),
    (
        change("two", sized(24, "M", sku="NEW"), line=24, option_names=("Colour",)),
        "option1_name",
        "The options of this product are: Colour.",
    ),
    (
        change("three", line=25, option_names=()),
        "option1_name",
        "THREE has other options, and the file doesn't change them: Size.",
    ),
]


class TestWhatIsRefused:
    def test_is_told_with_its_line_and_the_others_go_in(self):
        there()
        before = snapshot()

        saved = save(*(record for record, _, _ in BAD), record("good", variants=()))

        first = {error.line: (error.column, error.reason) for error in reversed(saved.errors)}
        assert first == {record.line: (column, reason) for record, column, reason in BAD}
        assert (saved.created, saved.updated, saved.unchanged) == (1, 0, 0)
        Product.objects.get(slug="good").delete()
        assert snapshot() == before

    def test_leaves_what_a_bad_product_would_have_taken_to_the_next(self):
        saved = save(
            record("bad", variant(2, sku="A", price=990), name=None),
            record("first", variant(3, sku="A", price=990)),
            record("second", variant(4, sku="A", price=990)),
        )

        assert saved == Saved(created=1, errors=[
            RowError(line=2, column="name", reason="A new product needs a name."),
            RowError(line=4, column="sku", reason="The file has this variant twice."),
        ])  # fmt: skip
        assert Product.objects.get().slug == "first"

    def test_by_the_database_keeps_only_its_own_product_out(self, monkeypatch):
        services.create_collection(name="Sale", actor_id=None, now=NOW)
        monkeypatch.setattr(saving, "_PAUSE", 0)
        monkeypatch.setattr(comparing, "_SLUG", re.compile(".*"))

        saved = save(record("one"), record("99", line=5), record("two"))

        reason = "The database refuses it: somebody has a name of it. Import the file again."
        assert saved == Saved(created=2, errors=refused(5, "handle", reason))
        assert set(Product.objects.values_list("slug", flat=True)) == {"one", "two"}

    def test_because_somebody_holds_it_is_told_after_a_few_tries(self, monkeypatch):
        tries = []

        def held(*args, **values):
            tries.append(1)
            raise Unavailable(retry_after=1)

        monkeypatch.setattr(saving, "_PAUSE", 0)
        monkeypatch.setattr(saving, "_write", held)

        saved = save(record("one"))

        assert saved == Saved(
            errors=refused(2, "handle", "Somebody else is changing it. Import the file again.")
        )
        assert (len(tries), Product.objects.count()) == (5, 0)


class TestADryRun:
    def test_tells_the_same_and_leaves_nothing(self):
        save(record("known"))
        before = snapshot()
        batch = [
            EVERYTHING,
            change("known", name="Other"),
            change("oak-lamp", name="Again"),
            record("bad", name=""),
        ]

        dry = save(*batch, dry_run=True)

        assert snapshot() == before
        assert (Category.objects.count(), Brand.objects.count(), Attribute.objects.count()) == (1, 0, 0)
        assert dry == save(*batch)
        assert (dry.created, dry.updated, len(dry.errors)) == (1, 2, 1)


class TestStatements:
    @pytest.mark.parametrize("handle", ["new", "known", "same"])
    def test_are_as_many_for_forty_products_as_for_two(self, handle):
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
        for size in (2, 40):
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
        monkeypatch.setattr(saving, "_written_alone", lambda record, doer: Saved(errors=["met"]))

        outcomes = together(2, lambda _: save(*both_read_first))

        assert sorted((o.created, len(o.errors)) for o in outcomes) == [(0, 12), (12, 0)]

    @pytest.fixture
    def both_read_first(self, monkeypatch) -> list[ProductRecord]:
        """Return a batch that each of two has read everything for before the other writes."""
        category("Lamps")
        ready, read, waited = threading.Barrier(2), saving.read_existing, threading.local()

        def read_and_wait(*args, **values):
            known = read(*args, **values)
            if values["lock"] and not hasattr(waited, "once"):
                waited.once = ready.wait(timeout=30)
            return known

        monkeypatch.setattr(saving, "read_existing", read_and_wait)
        return [record(f"lamp-{n}") for n in range(12)]


def there() -> None:
    """Make what the bad records of a test meet."""
    services.save_attribute(data=services.AttributeData(name="Watt", kind="number"), actor_id=None, now=NOW)
    taken = product(
        variant_data(sku="TAKEN", on_hand=3, external_id="ref"), name="Taken", external_id="ref",
        category=category("Lamps").slug,
    )  # fmt: skip
    variant_id = taken.variants.get().pk
    services.reserve(order_ref=new_id(), quantities={variant_id: 2}, expires_at=None, now=NOW)
    gone = product(variant_data(sku="GONE", on_hand=0), name="Gone")
    services.archive_product(product_id=gone.pk, actor_id=None, now=NOW)
    product(variant_data(options={"Size": "S"}, on_hand=0), name="Two")
    product(variant_data(sku="THREE", options={"Size": "S"}, on_hand=0), name="Three")


def assert_ledger_adds_up() -> None:
    """S1 and S3 of the promises."""
    items = StockItem.objects.annotate(moved=Sum("variant__movements__delta")).exclude(on_hand=F("moved"))
    assert list(items.filter(on_hand__gt=0)) == []
    assert not StockItem.objects.exclude(reserved=0).exists()
