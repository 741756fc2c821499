"""Saving a file's products: the same rows that the services leave, in bulk, and nothing where nothing differs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from products import services
from products.importing.saving import Saved
from products.memory import catalogue_version
from products.models import (
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
from products.tests.factories import NOW, category, product, variant_data
from products.tests.importing.saying import EVERYTHING, LATER, change, record, save, sized, variant
from products.tests.importing.snapshots import snapshot
from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from shop.events.models import OutboxEvent
from tests.statements import statements
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

WRITES = ("INSERT", "UPDATE", "DELETE")


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
        assert (made.category.name, made.category.depth, str(made.brand)) == ("Lamps", 3, "Fern & Oak")
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
        assert set(Collection.objects.filter(products=made).values_list("slug", flat=True)) == {
            "sale",
            "summer",
        }

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
        assert (made.category_id, str(made.brand)) == (lamps.pk, "Fern")
        assert list(Collection.objects.filter(products=made)) == [sale]
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
        assert sorted(Collection.objects.filter(products=made).values_list("name", flat=True)) == [
            "New",
            "Summer",
        ]
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
