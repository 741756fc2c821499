"""What of a file can't be saved, and what is only tried."""

from __future__ import annotations

import re
from typing import Any

import pytest

from products import services
from products.importing import comparing, saving
from products.importing.records import ProductRecord, RowError
from products.importing.saving import Saved
from products.models import Attribute, Brand, Category, Price, Product, ProductPrice, StockItem, Variant
from products.tests.factories import NOW, category, product, variant_data
from products.tests.importing.saying import EVERYTHING, change, record, save, sized, variant
from products.tests.importing.snapshots import snapshot
from shop.core.errors import Unavailable
from shop.core.ids import new_id

pytestmark = pytest.mark.django_db


def refused(line: int, column: str, reason: str) -> list[RowError]:
    return [RowError(line=line, column=column, reason=reason)]


def one(number: int, **values: Any) -> ProductRecord:
    """Return a new product on a line of its own, whose one variant has these values."""
    return record(f"bad-{number}", variant(number, **{"sku": f"B{number}", "price": 9} | values), line=number)


def bad(number: int, **values: Any) -> ProductRecord:
    """Return a new product on a line of its own with these values."""
    named: dict[str, Any] = {"handle": f"bad-{number}", "line": number}
    return record(**named | values)


BAD = [
    (bad(1, handle="X9"), "handle", "Write lower-case letters, digits and hyphens, at least one letter."),
    (bad(2, handle="gone"), "handle", "This product is archived."),
    (bad(3, name=None), "name", "A new product needs a name."),
    (bad(4, name="x" * 201), "name", "This has 201 characters; 200 fit."),
    (bad(5, name="a\0b"), "handle", "A text holds a character that can't be stored (NUL)."),
    (bad(6, category=()), "category", "A new product needs a category."),
    (bad(7, tax_class="a b"), "tax_class", "Write the code of a tax class, like standard."),
    (bad(26, minimum_age=100), "minimum_age", "Write an age from 1 to 99."),
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
        change("taken", variant(23, sku="TAKEN", on_hand=1), line=23),
        "on_hand",
        "Orders hold 2; 1 on hand and 0 on backorder is less.",
    ),
    (
        change("two", sized(24, "M", sku="NEW"), line=24, option_names=("Colour",)),
        "option1_name",
        "TWO has other options, and the file doesn't change them: Size.",
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


class TestABadRow:
    def test_keeps_its_variant_out_and_the_others_go_in(self):
        save(record("oak-lamp", sized(2, "S", sku="A"), sized(3, "M", sku="B", on_hand=5)))

        saved = save(
            change(
                "oak-lamp",
                sized(2, "XS", sku="A", price=500),
                sized(3, "M", sku="B", price=100, on_hand=-1, weight_grams=7),
                sized(4, "m", sku="C"),
                sized(5, "L", sku="A"),
                sized(6, "XL", sku="D", price=None),
                sized(7, "XXL", sku="E"),
                name="Oak light",
            )
        )

        assert saved == Saved(updated=1, errors=[
            *refused(3, "on_hand", "Less than 0 can't be on hand."),
            *refused(5, "sku", "The file has this variant twice."),
            *refused(6, "price", "A new variant needs a price."),
            *refused(4, "option1_value", "B has the same options."),
        ])  # fmt: skip
        rows = Variant.objects.order_by("position").values_list("sku", "options__Size", "weight_grams")
        assert list(rows) == [("A", "XS", 0), ("B", "M", 0), ("E", "XXL", 0)]
        assert Product.objects.get().name == "Oak light"
        assert dict(Price.objects.values_list("variant__sku", "amount")) == {"A": 500, "B": 1990, "E": 1990}
        assert ProductPrice.objects.get().lowest == 500
        assert dict(StockItem.objects.values_list("variant__sku", "on_hand")) == {"A": 5, "B": 5, "E": 5}

    def test_keeps_out_the_variant_too_that_would_have_taken_its_place(self):
        save(record("oak-lamp", sized(2, "S", sku="A"), sized(3, "M", sku="B")))
        before = snapshot()

        saved = save(change("oak-lamp", sized(2, "M", sku="A"), sized(3, "S", sku="B", on_hand=-1)))

        assert saved == Saved(errors=[
            *refused(3, "on_hand", "Less than 0 can't be on hand."),
            *refused(2, "option1_value", "B has the same options."),
        ])  # fmt: skip
        assert snapshot() == before

    def test_is_told_once_when_the_rest_changes_nothing(self):
        save(record("oak-lamp", sized(2, "S", sku="A"), sized(3, "M", sku="B")))

        saved = save(change("oak-lamp", sized(2, "S", sku="A"), sized(3, "M", sku="B", price=-1)))

        reason = "This is no amount that the shop can handle."
        assert saved == Saved(unchanged=1, errors=refused(3, "price", reason))


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
    product(variant_data(sku="TWO", options={"Size": "S"}, on_hand=0), name="Two")
    product(variant_data(sku="THREE", options={"Size": "S"}, on_hand=0), name="Three")
