"""The shop's own file."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.test import override_settings

from products.importing.shop_csv import COLUMNS
from products.models import Category, Collection, Product, Variant
from products.tests.factories import NOW, product, variant_data
from products.tests.importing.files import one, run, said

pytestmark = pytest.mark.django_db

FULL = (
    ",".join(COLUMNS) + ",attr.Material,attr.Wattage\n"
    "lamp,Desk lamp,<p>Bright</p><script>,Lamps > Desk \\> Office,Oak & Co,reduced,18,true,2026-01-01T00:00:00Z,"
    "2027-01-01,Buy it,So bright,Summer|A \\| B,ERP-1,https://a.example/1.jpg|https://a.example/2.jpg,|Back,"
    "Colour,Red,Size,S,,,,,,,L-1,19.90,25.00,EUR,5,true,3,2,850,true,2026-05-01,V-1,Oak,7.5\n"
    "lamp,,,,,,,,,,,,,,,,,Red,,M,,,,,,,,21,,,,false,,,1.5,false,,,,\n"
)  # fmt: skip


class TestShopFile:
    def test_every_column(self):
        assert said(run(FULL)) == []

        assert one("lamp") == {
            "name": "Desk lamp",
            "category": "Desk > Office",
            "options": ["Colour", "Size"],
            "attributes": {"Material": "Oak", "Wattage": "7.5"},
            "variants": [
                ("L-1", {"Colour": "Red", "Size": "S"}, 1990, 2500, True, 5, 3),
                ("lamp-red-m-0ef018e4", {"Colour": "Red", "Size": "M"}, 2100, None, False, 0, 0),
            ],
            "images": [("https://a.example/1.jpg", ""), ("https://a.example/2.jpg", "Back")],
        }
        lamp = Product.objects.get(slug="lamp")
        assert (lamp.description, str(lamp.brand), lamp.tax_class) == ("<p>Bright</p>", "Oak & Co", "reduced")
        assert lamp.minimum_age == 18
        assert lamp.published_at == datetime(2026, 1, 1, tzinfo=UTC)
        assert lamp.published_until == datetime(2027, 1, 1, tzinfo=UTC)
        assert (lamp.seo_title, lamp.seo_description, lamp.external_id) == ("Buy it", "So bright", "ERP-1")
        assert Category.objects.get_parent(lamp.category).name == "Lamps"
        assert set(Collection.objects.filter(products=lamp).values_list("name", flat=True)) == {
            "Summer",
            "A | B",
        }
        first = Variant.objects.get(sku="L-1")
        assert (first.weight_grams, first.available_at, first.external_id) == (850, date(2026, 5, 1), "V-1")
        assert first.stock.low_stock_threshold == 2
        assert run(FULL).unchanged == 1

    def test_what_a_file_leaves_out_stays_and_an_empty_text_goes(self):
        run(FULL)

        report = run(
            "handle,description,brand,attr.Material,collections,on_hand,weight_grams,sku\nlamp,,,,,,,L-1\n"
        )

        assert (report.updated, said(report)) == (1, [])
        lamp = Product.objects.get(slug="lamp")
        assert (lamp.description, lamp.brand, lamp.attributes) == ("", None, {"Wattage": "7.5"})
        assert (lamp.name, lamp.seo_title, lamp.minimum_age) == ("Desk lamp", "Buy it", 18)
        assert lamp.published_until == datetime(2027, 1, 1, tzinfo=UTC)
        assert not Collection.objects.filter(products=lamp).exists()
        assert Collection.objects.count() == 2
        assert one("lamp")["variants"][0] == ("L-1", {"Colour": "Red", "Size": "S"}, 1990, 2500, True, 5, 3)

    def test_a_list_of_prices_or_stock_names_skus_alone(self):
        product(
            variant_data(sku="A-1", options={"Size": "S"}),
            variant_data(sku="A-2", options={"Size": "M"}),
            slug="a",
        )
        product(variant_data(sku="B-1"), slug="b")

        report = run("sku,price,on_hand\nA-1,20.00,3\nB-1,19.90,10\nNONE,1,1\nA-2,x,1\n")

        assert said(report) == [
            "4 sku: No variant has this SKU. Name the product by a handle to add one.",
            "5 price: Write an amount like 19.90.",
        ]
        assert (report.rows, report.updated, report.unchanged) == (4, 1, 1)
        assert [v[2:6] for v in one("a")["variants"]] == [(2000, None, True, 3), (1990, None, True, 10)]

    def test_says_what_it_can_not_take(self):
        file = (
            "handle,name,category,price,compare_at_price,currency,attr.Sit/stand,colour,sku\n"
            "a,A,Lamps,10,9,EUR,,,\n"
            "b,B,Lamps,10,,USD,,,\n"
            "c,C,Lamps,10,,,yes,,\n"
            "d,,Lamps,10,,,,,\n"
            "e,E,,10,,,,,\n"
            "f,F,Lamps,,,,,,F-1\n"
            "Ünder 茶,F,Lamps > > Table,1,,,,,\n"
        )
        report = run(file)
        assert said(report) == [
            "1 colour: This column isn't known and is left out.",
            "2 compare_at_price: This must be higher than the price.",
            "3 currency: The shop sells in EUR.",
            "4 attr.Sit/stand: Name attributes by letters, digits, spaces, _ and -.",
            "5 name: A new product needs a name.",
            "6 category: A new product needs a category.",
            "7 price: A new variant needs a price.",
            "8 category: Write a category as Lamps > Table lamps.",
        ]
        assert (report.created, report.failed, report.rows, report.error_count) == (0, 7, 7, 8)
        assert not Product.objects.exists()

    @override_settings(CURRENCIES=["EUR", "JPY"])
    def test_amounts_are_in_their_currency(self):
        product(variant_data(sku="A-1"), slug="a")

        assert said(run("sku,price,currency\nA-1,1200,jpy\n")) == []
        assert said(run("sku,price,currency\nA-1,12.50,JPY\n")) == ["2 price: JPY has 0 decimal places."]

        assert dict(Variant.objects.get().prices.values_list("currency", "amount")) == {
            "EUR": 1990,
            "JPY": 1200,
        }

    def test_a_trial_writes_nothing(self):
        assert run(FULL, dry_run=True).created == 1
        assert not Product.objects.exists()
        assert run(FULL, now=NOW).created == 1
