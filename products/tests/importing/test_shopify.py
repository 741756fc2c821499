"""Shopify's product file."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from products.models import Category, Product, StockItem, StockMovement, Variant
from products.tests.factories import NOW
from products.tests.importing.files import one, run, said
from products.tests.importing.shopify_export import export

pytestmark = pytest.mark.django_db


class TestWholeExport:
    def test_goes_in_whole_and_changes_nothing_the_second_time(self):
        file = export(products=1200)
        assert (file.rows, file.products) == (4537, 1200)

        first = run(file.content)

        assert said(first) == []
        assert (first.rows, first.created, first.updated, first.failed) == (file.rows, file.products, 0, 0)
        assert Product.objects.count() == file.products
        assert Variant.objects.count() == file.variants
        assert StockItem.objects.aggregate(Sum("on_hand"))["on_hand__sum"] == file.stock
        assert StockMovement.objects.aggregate(Sum("delta"))["delta__sum"] == file.stock
        hidden = sum(number % 17 == 0 or number % 19 == 0 for number in range(1, 1201))
        assert Product.objects.filter(published_at=None).count() == hidden
        assert Category.objects.count() == 6
        assert not Product.objects.filter(description__contains="script").exists()
        assert Product.objects.filter(name__startswith="=").count() == 12

        with CaptureQueriesContext(connection) as asked:
            second = run(file.content, now=NOW + timedelta(days=1))

        assert (second.rows, second.unchanged, second.created, second.updated) == (4537, 1200, 0, 0)
        assert second.error_count == 0
        assert [q["sql"] for q in asked if not q["sql"].startswith("SELECT")] == []

    def test_says_the_same_when_it_is_only_tried(self):
        file = export(products=60)

        report = run(file.content, dry_run=True)

        assert (report.created, report.rows, report.error_count) == (60, file.rows, 0)
        assert (Product.objects.count(), Category.objects.count()) == (0, 0)


class TestQuirks:
    def test_variants_and_pictures_stand_on_rows_of_their_own(self):
        file = (
            "Handle,Title,Type,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price,"
            "Image Src,Image Position,Image Alt Text\n"
            "tee,Linen tee,Tops,Color,Red,Size,S,T-1,19.90,https://cdn.example/2.jpg,2,Back\n"
            "tee,,,,Red,,M,,19.90,https://cdn.example/1.jpg,1,Front\n"
            ",,,,Weiß,,S,T-3,21.00,,,\n"
            "tee,,,,,,,,,https://cdn.example/3.jpg,3,\n"
        )

        assert run(file).created == 1

        assert one("tee") == {
            "name": "Linen tee",
            "category": "Tops",
            "options": ["Color", "Size"],
            "attributes": {},
            "variants": [
                ("T-1", {"Color": "Red", "Size": "S"}, 1990, None, True, 0, 0),
                ("tee-red-m-36a76d6e", {"Color": "Red", "Size": "M"}, 1990, None, True, 0, 0),
                ("T-3", {"Color": "Weiß", "Size": "S"}, 2100, None, True, 0, 0),
            ],
            "images": [
                ("https://cdn.example/1.jpg", "Front"),
                ("https://cdn.example/2.jpg", "Back"),
                ("https://cdn.example/3.jpg", ""),
            ],
        }

    def test_keeps_pictures_that_only_a_variant_has(self):
        file = (
            "Handle,Title,Type,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Variant Image\n"
            "tee,Tee,Tops,Color,Red,T-1,19.90,https://cdn.example/1.jpg,https://cdn.example/red.jpg\n"
            "tee,,,,Blue,T-2,19.90,https://cdn.example/2.jpg,https://cdn.example/1.jpg\n"
        )

        assert run(file).created == 1

        assert [url.rsplit("/")[-1] for url, _ in one("tee")["images"]] == ["1.jpg", "2.jpg", "red.jpg"]

    def test_reads_the_headings_that_shopify_has_now(self):
        file = (
            "Title,URL handle,Description,Vendor,Product category,Type,Published on online store,Status,SKU,"
            "Option1 name,Option1 value,Price,Compare-at price,Inventory tracker,Inventory quantity,"
            "Continue selling when out of stock,Weight value (grams),Requires shipping\n"
            "Pot,pot,<p>Clay</p>,Oak,Home > Pots > Round pots,,TRUE,Active,'0012,Title,Default Title,10.00,"
            "12.00,shopify,5,CONTINUE,850,TRUE\n"
        )

        assert said(run(file, format="shopify")) == []

        variant = Variant.objects.get(sku="0012")
        assert (variant.options, variant.weight_grams) == ({}, 850)
        assert one("pot")["category"] == "Round pots"
        assert one("pot")["variants"] == [("0012", {}, 1000, 1200, True, 5, 1_000_000)]

    @pytest.mark.parametrize(
        ("cells", "shown"),
        [("true,active", True), ("true,draft", False), ("true,archived", False), ("false,active", False),
         ("true,", True), (",", True)],
    )  # fmt: skip
    def test_shows_what_is_active_and_published(self, cells: str, shown: bool):
        file = f"Handle,Title,Type,Published,Status,Variant Price\npot,Pot,Pots,{cells},10.00\n"

        run(file)

        assert (Product.objects.get().published_at is not None) is shown

    @pytest.mark.parametrize(
        ("cells", "stock"),
        [(",7,deny", (False, 0, 0)), ("shopify,7,deny", (True, 7, 0)), ("shopify,-7,deny", (True, 0, 0)),
         ("shopify,-7,continue", (True, -7, 1_000_000)), ("amazon,,deny", (True, 0, 0))],
    )  # fmt: skip
    def test_counts_as_shopify_did(self, cells: str, stock: tuple[bool, int, int]):
        file = (
            "Handle,Title,Type,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
            f"Variant Price\npot,Pot,Pots,{cells},10.00\n"
        )

        assert said(run(file)) == []

        assert one("pot")["variants"] == [("pot", {}, 1000, None, *stock)]

    def test_says_which_rows_are_bad_and_takes_the_others(self):
        file = (
            "Handle,Title,Type,Option1 Name,Option1 Value,Variant Price,Variant Grams,Body (HTML)\n"
            'tee,Tee,Tops,Size,S,"19,90",100,"two\nlines"\n'
            "tee,,,,M,19.90,100,\n"
            "tee,,,,M,18.90,100,\n"
            "tee,Hat,,,L,18.90,100,\n"
            "pot,Pot,Pots,Title,Default Title,10.00,heavy,\n"
            f"cup,{'x' * 201},Cups,Title,Default Title,1.00,1,\n"
            ",,,,,,,\n"
            "jug,Jug,Jugs,Title,Default Title,5,1,\n"
            "tee,Tee,Tops,Size,XL,19.90,100,\n"
            "mug,Mug,Mugs,Title,Default Title,,1,\n"
        )

        report = run(file)

        assert said(report) == [
            "2 Variant Price: Write the amount with a point, like 19.90.",
            "5 Option1 Value: Line 4 has the same options.",
            "6 Title: Line 2 has the same handle and another name, 'Tee'.",
            "7 Variant Grams: Write a weight like 1.5.",
            "8 Title: This has 201 characters; 200 fit.",
            "11 Handle: The product tee stands on line 2 already; put its rows together.",
            "12 Variant Price: A new variant needs a price.",
        ]
        assert (report.created, report.failed, report.rows) == (2, 5, 9)
        assert list(Product.objects.order_by("slug").values_list("slug", flat=True)) == ["jug", "tee"]
        assert [v[1] for v in one("tee")["variants"]] == [{"Size": "M"}]

    def test_makes_a_handle_where_there_is_none(self):
        file = (
            "Handle,Title,Type,Variant Price\n"
            ",Grüne Kanne,Kannen,1\n"
            "茶碗,Schale,Schalen,2\n"
            "2024,Kalender,Papier,3\n"
            ",,Papier,4\n"
            ",Grüne Kanne,Kannen,5\n"
        )

        report = run(file)

        assert said(report) == [
            "5 : Line 4 has the same options.",
            "6 Handle: The product grune-kanne stands on line 2 already; put its rows together.",
        ]
        assert list(Product.objects.order_by("slug").values_list("slug", flat=True)) == [
            "grune-kanne", "item-2024", "item-a3194435",
        ]  # fmt: skip
        assert run(file).unchanged == 3
