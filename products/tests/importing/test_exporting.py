"""The catalogue as a file: whole, safe to open, and read again without a change."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from products import services
from products.importing import exporting
from products.importing.exporting import export_lines
from products.importing.shop_csv import COLUMNS
from products.models import Category, Product, StockItem, Variant
from products.tests.factories import NOW, category, product, variant_data
from products.tests.importing.files import run
from products.tests.importing.snapshots import snapshot
from tests.statements import statements
from users.tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)
WEIRD = [
    '=HYPERLINK("http://evil.example","Click")', "+1", "-x", "@a", "'quoted", "'=1+1", "''+1",
    'Say "hi", then; go | on > there \\ and \\| \\> back\\', "Größe 茶 🌿 ½ naïve", "<b>bold</b> & more", "0012",
    "1e5", "true", "None", "x" * 90,
]  # fmt: skip


def exported() -> str:
    return "".join(export_lines())


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(), newline="")))


def attributes() -> None:
    kinds = {"Watt": ("number", ()), "Dimmable": ("boolean", ()), "Wood": ("choice", ("Oak", "Ash"))}
    for name, (kind, choices) in kinds.items():
        data = services.AttributeData(name=name, kind=kind, choices=choices)
        services.save_attribute(data=data, actor_id=None, now=NOW)


def weird(number: int, text: str, where: str) -> None:
    """Add a product that has a text wherever one may stand."""
    made = product(
        variant_data(
            sku=f"W{number}-{text}"[:64], options={"Größe": text, "Colour": "=red"}, price=number, on_hand=number,
            external_id=f"v{number}",
        ),
        variant_data(options={"Größe": f"{text}!", "Colour": "@blue"}, price=5, compare_at=7),
        name=text, slug=f"w-{number}", description=f"{text}\n\r\n<p>{text}</p>", brand=text, category=where,
        option_names=["Größe", "Colour"], external_id=f"p{number}-{text}", seo_title=text, seo_description=text,
        attributes={"Note": text, "Watt": number + 0.25, "Dimmable": number % 2 == 0, "Wood": "ash"},
    )  # fmt: skip
    services.create_collection(name=text, products=[made.pk], actor_id=None, now=NOW)


def plain(where: str) -> None:
    """Add products of every state and kind of stock."""
    lamp = product(
        variant_data(sku="UNTRACKED", tracked=False, requires_shipping=False, options={"Size": "S"}),
        variant_data(
            sku="BACK", backorder_limit=7, on_hand=0, available_at=date(2026, 5, 1), options={"Size": "M"}
        ),
        variant_data(sku="LOW", low_stock_threshold=3, weight_grams=12_345, options={"Size": "L"}),
        name="Lamp", published_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), slug="lamp",
        published_until=datetime(2027, 1, 1, tzinfo=UTC), tax_class="reduced", minimum_age=16, category=where,
    )  # fmt: skip
    back = Variant.objects.get(sku="BACK").pk
    services.adjust_stock(variant_id=back, delta=-2, reason="sold by phone", actor_id=None, now=NOW)
    services.set_price(variant_id=back, amount=700, currency="JPY", now=NOW)
    sources = [
        {"url": "https://a.example/1|2.jpg", "alt": ""},
        {"url": "http://a.example/3.jpg", "alt": "=A|b"},
    ]
    Product.objects.filter(pk=lamp.pk).update(image_sources=sources)
    product(name="Draft", slug="draft_1", published=False, category=where)
    empty = product(name="Nothing to buy", category=where)
    services.archive_variant(variant_id=empty.variants.get().pk, actor_id=None, now=NOW)
    gone = product(name="Archived", category=where)
    services.archive_product(product_id=gone.pk, actor_id=None, now=NOW)


@pytest.fixture
def full() -> None:
    """Fill the shop with everything that a file can say."""
    attributes()
    top = category("Rooms > and more")
    below = services.create_category(name='=1+1 \\ "x"', parent=top.slug)
    for number, text in enumerate(WEIRD):
        weird(number, text, below.slug)
    plain(top.slug)


class TestAnExport:
    def test_has_a_row_a_variant_and_says_of_the_product_once(self, full):
        found = [row for row in rows() if row["handle"] in ("lamp", "draft_1", "archived")]

        assert [(row["handle"], row["name"], row["sku"]) for row in found[1:]] == [
            ("lamp", "Lamp", "UNTRACKED"), ("lamp", "", "BACK"), ("lamp", "", "LOW"),
        ]  # fmt: skip
        assert {name: value for name, value in found[1].items() if value} == {
            "handle": "lamp", "name": "Lamp", "category": "Rooms \\> and more", "tax_class": "reduced",
            "minimum_age": "16",
            "published": "true", "published_at": "2026-01-02T03:04:05.678901Z",
            "published_until": "2027-01-01T00:00:00Z", "option1_name": "Size", "option1_value": "S",
            "image_sources": "https://a.example/1\\|2.jpg|http://a.example/3.jpg", "image_alts": "|=A\\|b",
            "sku": "UNTRACKED", "price": "19.90", "currency": "EUR", "tracked": "false",
            "backorder_limit": "0", "weight_grams": "0", "requires_shipping": "false",
        }  # fmt: skip
        assert (found[2]["on_hand"], found[2]["available_at"]) == ("-2", "2026-05-01")
        assert (found[3]["low_stock_threshold"], found[0]["published"]) == ("3", "false")

    def test_has_no_cell_that_is_taken_for_a_formula(self, full):
        found = rows()

        assert list(found[0]) == [*COLUMNS, "attr.Dimmable", "attr.Note", "attr.Watt", "attr.Wood"]
        starts = tuple("=+-@\t\r")
        assert {cell for row in found for cell in row.values() if cell.startswith(starts)} == {"-2"}
        named = {row["handle"]: row["name"] for row in found if row["name"]}
        expected = [f"'{text}" for text in WEIRD[:4]] + ["'quoted", "''=1+1", "'''+1"]
        assert [named[f"w-{number}"] for number in range(7)] == expected

    def test_imported_again_changes_nothing(self, full):
        before = snapshot()

        report = run(exported(), now=LATER)

        products = Product.objects.filter(archived_at=None).count()
        assert report.errors == []
        assert (report.unchanged, report.created, report.updated) == (products, 0, 0)
        assert snapshot() == before

    def test_of_a_variant_that_lacks_an_option_changes_nothing(self):
        """As while staff add one."""
        shade = product(variant_data(sku="SHADE", options={"Size": "S"}), name="Shade")
        services.update_product(product_id=shade.pk, option_names=["Size", "Colour"], actor_id=None, now=NOW)
        before = snapshot()

        report = run(exported(), now=LATER)

        assert (report.errors, report.unchanged, snapshot() == before) == ([], 1, True)

    def test_imported_into_an_empty_shop_gives_the_same_export(self, full):
        file = exported()
        snapshot(empty=True)
        Category.objects.all().delete()

        report = run(file)

        assert (report.errors, report.created) == ([], Product.objects.count())
        assert exported() == file
        assert run(file, now=LATER).unchanged == report.created
        assert StockItem.objects.get(variant__sku="BACK").on_hand == -2

    def test_reads_each_batch_in_as_many_statements(self, monkeypatch):
        monkeypatch.setattr(exporting, "BATCH", 2)
        counts = []
        for _ in range(2):
            for _ in range(2):
                sizes = [variant_data(options={"Size": size}) for size in "SML"]
                product(*sizes, attributes={"A": "b"})
            with statements() as seen:
                rows()
            counts.append(len(seen))

        # The attributes, the tree and the last, empty batch; three for each other batch.
        assert counts == [6, 9]

    def test_of_an_empty_shop_is_its_headings(self):
        assert exported() == ",".join(COLUMNS) + "\r\n"


class TestTheCommand:
    def test_writes_a_file_and_says_how_much(self, tmp_path, capsys):
        product(name="Größe")

        call_command("export_products", str(tmp_path / "out.csv"))

        assert (tmp_path / "out.csv").read_bytes() == exported().encode()
        assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
        assert capsys.readouterr().out.splitlines()[-1] == "exported: 1 products"

    @pytest.mark.once
    def test_writes_to_standard_output_as_it_is(self, capfd):
        product(name="Größe")

        call_command("export_products")

        assert capfd.readouterr().out == exported()

    @pytest.mark.once
    def test_leaves_no_half_file(self, tmp_path):
        with pytest.raises(CommandError, match="No such file or directory"):
            call_command("export_products", str(tmp_path / "none" / "out.csv"))

        assert list(tmp_path.iterdir()) == []


class TestThePage:
    def test_streams_the_file_to_who_may_look_at_products(self, client):
        product()
        client.force_login(StaffFactory(permissions=["products.view_product"]))

        page = client.get(reverse("admin:products_product_export"))

        assert (page.status_code, page.streaming) == (200, True)
        assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert page.headers["Content-Disposition"].startswith('attachment; filename="products-')
        assert b"".join(page.streaming_content).decode() == exported()
        listed = client.get(reverse("admin:products_product_changelist")).content.decode()
        assert f'href="{reverse("admin:products_product_export")}"' in listed

    def test_is_refused_to_others(self, client):
        client.force_login(StaffFactory(permissions=["products.view_variant"]))

        assert client.get(reverse("admin:products_product_export")).status_code == 403
