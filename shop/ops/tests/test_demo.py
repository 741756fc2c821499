"""The demo: enough goods that look like a shop's, everything sellable everywhere it says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.files.storage import default_storage
from django.db.models import F
from django.test import override_settings
from PIL import Image

from products.tests import uploads
from shop.ops import demo
from shop.ops.demo import loading, reading
from shop.ops.demo.drawing import everything, picture
from shop.ops.demo.drawing.canvas import BACKDROPS


def model(label: str):
    return apps.get_model(label)._default_manager


@pytest.fixture
def _folders(tmp_path: Path):
    with override_settings(MEDIA_ROOT=tmp_path / "media", SHOP_DATA=tmp_path):
        yield


@pytest.mark.once
class TestGoods:
    def test_are_a_whole_shop(self):
        goods = reading.products()
        leaves = {leaf["slug"] for top in reading.categories() for leaf in top["children"]}

        assert len(goods) >= 64
        assert {product["category"] for product in goods} == leaves
        assert len({product["name"] for product in goods}) == len(goods)

    @pytest.mark.parametrize("product", reading.products(), ids=lambda product: product["sku"])
    def test_each_is_complete(self, product):
        assert 2 <= product["description"].count(". ") + 1 <= 4
        assert product["tax_class"] in ("standard", "reduced")
        assert product["picture"]["kind"] in everything.kinds
        assert product["picture"]["backdrop"] in BACKDROPS
        for variant in product.get("variants", [{}]):
            both = {**product, **variant}
            assert both["price"] > 0
            assert both.get("compare_at") is None or both["compare_at"] > both["price"]

    def test_ship_to_five_countries_whatever_is_in_the_cart(self):
        selling = reading.selling()
        methods = {method["code"]: method["rates"] for method in selling["shipping_methods"]}
        zones = {zone["name"]: zone["areas"] for zone in selling["shipping_zones"]}

        for code in ("standard", "express"):
            areas = [area for rate in methods[code] for area in zones[rate["zone"]]]
            assert sorted(area["country"] for area in areas) == ["AT", "DE", "FR", "GB", "US"]
            assert not any("postal_pattern" in area for area in areas)


@pytest.mark.once
class TestPictures:
    @pytest.mark.parametrize("kind", sorted(everything.kinds))
    def test_are_square_and_always_the_same(self, kind):
        drawn = [picture(kind=kind, backdrop="sage", main="#2f6b4f", accent="#b08d57") for _ in range(2)]

        assert drawn[0] == drawn[1]
        assert Image.open(io.BytesIO(drawn[0])).size == (800, 800)


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.usefixtures("_folders")
class TestLoad:
    def test_fills_an_empty_shop_and_says_how_far_it_is(self):
        steps: list[tuple[int, int]] = []
        assert demo.is_empty()

        demo.load(progress=lambda done, total: steps.append((done, total)))

        goods = reading.products()
        assert not demo.is_empty()
        assert steps == [(done, 2 * len(goods)) for done in range(1, 2 * len(goods) + 1)]
        assert model("products.Product").filter(cover__isnull=False).count() == len(goods)
        assert model("products.Product").filter(in_stock=False).count() == 2
        for image in model("products.ProductImage").all():
            assert (image.width, [one["width"] for one in image.thumbnails]) == (800, [320, 640])
            assert default_storage.exists(image.file)
            for one in image.thumbnails:
                with default_storage.open(one["file"]) as file:
                    assert Image.open(file).size == (one["width"], one["height"])
        assert model("products.StockItem").filter(tracked=False).exists()
        assert model("products.StockItem").filter(on_hand=0, backorder_limit__gt=0).exists()
        sales = model("products.Price").filter(compare_at__isnull=False)
        assert sales.exists()
        # Each was sold at its former price before, and that is the lowest of the last 30 days.
        assert not sales.exclude(lowest_before=F("compare_at")).exists()
        kinds = model("products.Attribute").filter(values__isnull=False, filterable=True)
        assert set(kinds.values_list("kind", flat=True)) == {"text", "number", "boolean", "choice"}
        assert model("products.Collection").filter(products__isnull=True).count() == 0
        assert set(model("cart.Coupon").values_list("promotion__kind", flat=True)) == {
            "percent",
            "fixed",
            "free_shipping",
            "buy_x_get_y",
        }
        assert set(model("cart.TaxRate").values_list("country", flat=True)) == {"DE", "AT", "FR", "GB", "US"}

    def test_can_be_repeated_after_it_broke_off(self, monkeypatch):
        small = uploads.picture("WEBP", size=(9, 9))
        monkeypatch.setattr(loading, "picture", lambda **_: small)
        with monkeypatch.context() as broken:
            broken.setattr(reading, "selling", lambda: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                demo.load(progress=lambda done, total: None)
        assert demo.is_empty()

        demo.load(progress=lambda done, total: None)

        assert model("products.Product").count() == len(reading.products())


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.usefixtures("_folders")
class TestSignIns:
    def test_are_made_once_and_kept_for_their_owner_only(self, tmp_path: Path):
        made = demo.ensure_sign_ins()

        assert demo.ensure_sign_ins() == made
        assert json.loads((tmp_path / "demo.json").read_text()) == made
        assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
        admin, customer = (
            authenticate(username=who["email"], password=who["password"]) for who in made.values()
        )
        assert (admin and admin.is_superuser, customer and customer.is_staff) == (True, False)

    def test_fit_again_when_the_file_is_lost(self, tmp_path: Path):
        demo.ensure_sign_ins()
        (tmp_path / "demo.json").unlink()

        again = demo.ensure_sign_ins()

        assert all(authenticate(username=who["email"], password=who["password"]) for who in again.values())
        assert model("users.User").count() == 2
