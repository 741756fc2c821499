"""WooCommerce's product file."""

from __future__ import annotations

import pytest

from products.models import Collection, Product, Variant
from products.tests.importing.files import one, run, said

pytestmark = pytest.mark.django_db

# As WooCommerce writes it: by ID, so that variations may be far from their product; German decimals.
FILE = (
    'ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,Published,"Is featured?","Visibility in catalog",'
    '"Short description",Description,"Date sale price starts","Date sale price ends","Tax status","Tax class",'
    '"In stock?",Stock,"Low stock amount","Backorders allowed?","Sold individually?","Weight (kg)",'
    '"Sale price","Regular price",Categories,Tags,Images,Parent,"Meta: _x",'
    '"Attribute 1 name","Attribute 1 value(s)","Attribute 1 visible","Attribute 1 global",'
    '"Attribute 2 name","Attribute 2 value(s)","Attribute 2 visible","Attribute 2 global"\n'
    '44,variable,woo-tee,,"V-neck tee",1,1,visible,"Short","<p>Soft.</p>\\n<p>C:\\\\new</p>",,,taxable,,1,,,0,0,,,,'
    '"Clothing, Clothing > Tshirts, Summer",new,"https://woo.example/a.jpg, https://woo.example/b.jpg",,x,'
    'Material,"Cotton, Linen",1,1,Color,"Blue, Green",1,1\n'
    '45,variable,,,"V-neck tee",1,0,visible,"Another, shorter",,,,taxable,reduced-rate,1,,,0,0,,,,Clothing,,,,,'
    'Size,"S, M",0,0,,,,\n'
    '46,"simple, virtual",woo-card,,"Gift card",-1,0,visible,,"\'=1+1",,,none,,1,,,0,0,,,"1234,5",,,,,,,,,,,,,\n'
    '47,grouped,woo-set,,"Set",1,0,visible,,,,,taxable,,1,,,0,0,,,,,,,,,,,,,,,,\n'
    '48,simple,woo-cap,,Cap,1,0,hidden,,,,,taxable,,0,,,0,0,"0,2",15,18,Clothing > Hats,,nowhere.jpg,,,,,,,,,,\n'
    '49,simple,woo-old,,Old,1,0,visible,,,2020-01-01,2020-02-01,taxable,,1,7,2,notify,0,,15,18,Clothing,,,,,,,,,,,,\n'
    '62,variation,woo-tee-blue,,"V-neck tee - Blue",1,0,visible,,,,,taxable,parent,1,3,,0,0,"0,15","17,90","19,90",'
    ',,https://woo.example/blue.jpg,woo-tee,,Color,Blue,,1,,,,\n'
    '63,variation,,,"V-neck tee - Green",1,0,visible,,,,,taxable,parent,1,parent,,1,0,,,"19,90",,,,woo-tee,,'
    'Color,Green,,1,,,,\n'
    '64,variation,,,"V-neck tee",-1,0,visible,,,,,taxable,parent,1,,,0,0,,,"9,90",,,,woo-tee,,Color,Red,,1,,,,\n'
    '70,variation,,,"V-neck tee - S",1,0,visible,,,,,taxable,parent,1,,,0,0,,,5,,,,id:45,,Size,S,,0,,,,\n'
    '71,variation,,,"V-neck tee - any",1,0,visible,,,,,taxable,parent,1,,,0,0,,,6,,,,id:45,,Size,,,0,,,,\n'
    '72,variation,,,"Nobody\'s",1,0,visible,,,,,taxable,parent,1,,,0,0,,,6,,,,id:99,,Size,,,0,,,,\n'
)  # fmt: skip


class TestWooCommerce:
    def test_takes_what_a_store_exports(self):
        report = run(FILE)

        assert said(report) == [
            "5 Type: The shop has no products of the kind 'grouped'.",
            "6 Images: Write the address of a picture, https://….",
            "12 Attribute 1 value(s): This is for any Size: write a variation for each.",
            "13 Parent: The file has no variable product of this ID or SKU.",
        ]
        assert (report.rows, report.created, report.failed) == (12, 5, 4)
        assert one("v-neck-tee") == {
            "name": "V-neck tee",
            "category": "Tshirts",
            "options": ["Color"],
            "attributes": {"Material": "Cotton, Linen"},
            "variants": [
                ("woo-tee-blue", {"Color": "Blue"}, 1790, 1990, True, 3, 0),
                ("v-neck-tee-green-810f6de9", {"Color": "Green"}, 1990, None, True, 0, 1_000_000),
            ],
            "images": [(f"https://woo.example/{name}.jpg", "") for name in ("a", "b", "blue")],
        }
        assert Product.objects.get(slug="v-neck-tee").description == "<p>Soft.</p>\n<p>C:\\new</p>"
        assert list(Collection.objects.values_list("name", flat=True)) == ["Summer"]
        assert Variant.objects.get(sku="woo-tee-blue").weight_grams == 150
        assert one("v-neck-tee-45") == {
            "name": "V-neck tee",
            "category": "Clothing",
            "options": ["Size"],
            "attributes": {},
            "variants": [("v-neck-tee-45-s-1be1fc0f", {"Size": "S"}, 500, None, False, 0, 0)],
            "images": [],
        }
        assert one("old")["variants"] == [("woo-old", {}, 1800, None, True, 7, 1_000_000)]
        assert one("cap")["variants"] == [("woo-cap", {}, 1500, 1800, True, 0, 0)]
        card = Product.objects.get(slug="gift-card")
        assert (card.description, card.tax_class, card.category.name) == ("=1+1", "zero", "Uncategorised")
        assert card.variants.get().requires_shipping is False
        shown = Product.objects.exclude(published_at=None).values_list("slug", flat=True)
        assert set(shown) == {"v-neck-tee", "v-neck-tee-45", "old"}

    def test_changes_nothing_the_second_time(self):
        run(FILE)

        assert (second := run(FILE)).unchanged == 5
        assert (second.created, second.updated, second.failed) == (0, 0, 4)
