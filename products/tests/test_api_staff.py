"""The catalogue and its stock as staff write them over HTTP."""

from __future__ import annotations

import pytest

from products import schemas, services
from products.models import Category, Product, StockItem, StockMovement, Variant
from products.tests.factories import category, product, variant, variant_data
from shop.core.ids import new_id
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/"


@pytest.fixture
def staff():
    return client_of(SuperuserFactory())


WRITES = [
    ("post", "products/", "products.add_product"),
    ("put", "products/lamp/", "products.change_product"),
    ("patch", "products/lamp/", "products.change_product"),
    ("delete", "products/lamp/", "products.delete_product"),
    ("get", "products/lamp/stock/", "products.view_stockitem"),
    ("post", "products/lamp/stock/", "products.change_stockitem"),
    ("post", "products/lamp/variants/", "products.add_variant"),
    ("patch", "products/lamp/variants/{variant}/", "products.change_variant"),
    ("delete", "products/lamp/variants/{variant}/", "products.delete_variant"),
    ("post", "categories/", "products.add_category"),
    ("put", "categories/lamps/", "products.change_category"),
    ("patch", "categories/lamps/", "products.change_category"),
    ("delete", "categories/lamps/", "products.delete_category"),
]


class TestWhoMay:
    @pytest.mark.parametrize(("method", "path", "permission"), WRITES)
    def test_only_staff_with_the_named_permission(self, method, path, permission):
        made = product(slug="lamp")
        url = API + path.format(variant=made.variants.get().pk)

        def status(client) -> int:
            return getattr(client, method)(url).status_code

        assert status(anonymous()) == 401
        assert status(client_of(UserFactory(permissions=[permission]))) == 403
        assert status(client_of(StaffFactory())) == 403
        assert status(client_of(StaffFactory(permissions=[permission]))) not in (401, 403, 405)

    def test_the_ledger_is_no_public_answer(self, staff):
        product(slug="lamp")

        response = staff.get(f"{API}products/lamp/stock/")

        assert response.headers["Cache-Control"] == "no-store"
        assert "ETag" not in response.headers


class TestProducts:
    def test_are_made_with_their_variants(self, staff):
        category("Lamps")
        body = {
            "name": "Oak lamp",
            "category": "lamps",
            "brand": "Fern",
            "option_names": ["size"],
            "attributes": {"Holzart 2": "Eiche"},
            "variants": [
                {
                    "sku": "S",
                    "price": "19.90",
                    "compare_at_price": "24.90",
                    "options": {"size": "S"},
                    "on_hand": 2,
                },
                {"sku": "L", "price": "29.90", "options": {"size": "L"}, "tracked": False},
            ],
        }

        response = staff.post(f"{API}products/", body)

        made = response.json()
        assert response.status_code == 201
        assert response.headers["Location"] == f"{API}products/{made['id']}/"
        assert (made["slug"], made["price"], made["in_stock"]) == ("oak-lamp", "19.90", True)
        assert [(v["sku"], v["price"], v["available"]) for v in made["variants"]] == [
            ("S", "19.90", 2),
            ("L", "29.90", None),
        ]
        assert anonymous().get(response.headers["Location"]).json() == made

    def test_take_back_what_reading_them_answered(self, staff):
        product(slug="lamp", brand="Fern", attributes={"wood": "oak"})
        before = staff.get(f"{API}products/lamp/").json()

        after = staff.put(f"{API}products/lamp/", {**before, "price": "0.01", "id": 5, "in_stock": False})

        assert after.status_code == 200
        assert {**after.json(), "updated_at": ""} == {**before, "updated_at": ""}

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({}, "validation_failed", "name"),
            ({"name": "x", "category": "none"}, "validation_failed", "category"),
            ({"name": "x", "category": {"id": 1}}, "validation_failed", "category"),
            ({"name": "x", "category": "lamps", "slug": "2026"}, "validation_failed", "slug"),
            ({"name": "x\ny", "category": "lamps"}, "validation_failed", "name"),
            (
                {"name": "x", "category": "lamps", "attributes": {'a"b': "x"}},
                "validation_failed",
                "attributes",
            ),
            (
                {"name": "x", "category": "lamps", "variants": [{"sku": "A", "price": "1.999"}]},
                "validation_failed",
                "variants.0.price",
            ),
            (
                {
                    "name": "x",
                    "category": "lamps",
                    "variants": [{"sku": "A", "price": "2", "compare_at_price": "2"}],
                },
                "validation_failed",
                "variants.0.compare_at_price",
            ),
            ({"name": "x", "category": "lamps", "is_staff": True}, "unknown_field", None),
        ],
    )
    def test_refuse_what_they_cannot_be(self, staff, body, code, field):
        category("Lamps")

        response = staff.post(f"{API}products/", body)

        assert (response.status_code, response.json()["code"]) == (400, code)
        assert field is None or response.json()["errors"][0]["field"] == field
        assert not Product.objects.exists()

    def test_no_model_field_can_be_smuggled_in(self, staff):
        made = product(slug="lamp")
        before = Product.objects.values().get()
        offered = {field.name for field in Product._meta.get_fields()} - {
            "name", "slug", "description", "category", "brand", "tax_class", "minimum_age", "option_names",
            "attributes", "external_id", "metadata", "seo_title", "seo_description",
        }  # fmt: skip

        for name in offered:
            staff.patch(f"{API}products/{made.pk}/", {name: 1})

        after = Product.objects.values().get()
        assert {**after, "updated_at": None} == {**before, "updated_at": None}

    def test_deleting_archives_and_can_be_repeated(self, staff):
        made = product(slug="lamp")

        for _ in range(2):
            assert staff.delete(f"{API}products/lamp/").status_code == 204

        assert anonymous().get(f"{API}products/lamp/").status_code == 404
        assert Product.objects.get(pk=made.pk).archived_at is not None


class TestVariants:
    def test_are_added_changed_and_archived(self, staff):
        first = variant_data(sku="A", price=500, options={"Size": "S"})
        made = product(first, slug="lamp")
        path = f"{API}products/lamp/variants/"

        added = staff.post(path, {"sku": "B", "price": "4.00", "on_hand": 1, "options": {"size": "L"}})
        assert (added.status_code, added.json()["price"]) == (201, "4.00")
        second = made.variants.get(sku="B")
        changed = staff.patch(f"{path}{second.pk}/", {"price": "6.00", "compare_at_price": "7.00"})
        assert (changed.status_code, changed.json()["price"]) == (200, "5.00")
        assert staff.delete(f"{path}{second.pk}/").status_code == 204
        assert [v["sku"] for v in anonymous().get(f"{API}products/lamp/").json()["variants"]] == ["A"]
        assert staff.delete(f"{path}{second.pk}/").status_code == 404

    def test_another_products_variant_does_not_exist(self, staff):
        product(slug="lamp")
        other = variant()

        for method in ("patch", "delete"):
            response = getattr(staff, method)(f"{API}products/lamp/variants/{other.pk}/", {})
            assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert Variant.objects.get(pk=other.pk).archived_at is None


class TestStock:
    def test_is_adjusted_and_kept_in_a_ledger(self, staff):
        made = product(variant_data(sku="A", on_hand=3), slug="lamp")
        only = made.variants.get()

        response = staff.post(f"{API}products/lamp/stock/", {"delta": -2, "reason": "broken"})

        assert response.status_code == 201
        assert response.json() == {"variant": only.pk, "sku": "A", "on_hand": 1, "reserved": 0}
        ledger = staff.get(f"{API}products/lamp/stock/").json()
        assert [(row["kind"], row["delta"], row["reason"]) for row in ledger["results"]] == [
            ("adjustment", -2, "broken"),
            ("receipt", 3, "opening stock"),
        ]
        assert ledger["results"][0]["actor"] is not None
        assert set(ledger["results"][0]) == set(schemas.Movement().fields)
        assert set(response.json()) == set(schemas.Adjusted().fields)
        assert staff.get(f"{API}products/lamp/stock/?x=1").json()["code"] == "unknown_filter"

    def test_pages_its_ledger(self, staff):
        made = product(variant_data(on_hand=1), slug="lamp")
        for _ in range(2):
            services.adjust_stock(
                variant_id=made.variants.get().pk, delta=1, reason="", actor_id=None, now=made.created_at
            )
        first = staff.get(f"{API}products/lamp/stock/?page_size=2").json()

        second = staff.get(first["next"]).json()

        assert (first["count"], [row["kind"] for row in second["results"]]) == (3, ["receipt"])
        assert staff.get(second["previous"]).json()["results"] == first["results"]

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"delta": -4, "reason": "x"}, 409, "stock_too_low"),
            ({"delta": 0, "reason": "x"}, 400, "validation_failed"),
            ({"delta": 1.0, "reason": "x"}, 400, "validation_failed"),
            ({"delta": True, "reason": "x"}, 400, "validation_failed"),
            ({"delta": "1", "reason": "x"}, 400, "validation_failed"),
            ({"delta": 2**63, "reason": "x"}, 400, "validation_failed"),
            ({"delta": -(2**31), "reason": "x"}, 400, "validation_failed"),
            ({"delta": 1}, 400, "validation_failed"),
            ({"delta": 1, "reason": "x", "variant": 2**63}, 400, "validation_failed"),
            ({"delta": 1, "reason": "x", "on_hand": 99}, 400, "unknown_field"),
        ],
    )
    def test_refuses_what_it_cannot_do(self, staff, body, status, code):
        made = product(variant_data(on_hand=5), slug="lamp")
        services.reserve(
            order_ref=new_id(),
            quantities={made.variants.get().pk: 2},
            expires_at=None,
            now=made.created_at,
        )

        response = staff.post(f"{API}products/lamp/stock/", body)

        assert (response.status_code, response.json()["code"]) == (status, code)
        assert StockItem.objects.get().on_hand == 5
        assert StockMovement.objects.count() == 1

    def test_asks_which_variant(self, staff):
        product(variant_data(), variant_data(), slug="lamp")

        response = staff.post(f"{API}products/lamp/stock/", {"delta": 1, "reason": "x"})

        assert (response.status_code, response.json()["code"]) == (400, "variant_required")


class TestCategories:
    def test_are_made_moved_and_deleted(self, staff):
        staff.post(f"{API}categories/", {"name": "Rooms"})

        made = staff.post(f"{API}categories/", {"name": "Kitchen", "parent": "rooms"})
        assert made.status_code == 201
        assert made.headers["Location"] == f"{API}categories/kitchen/"
        moved = staff.patch(f"{API}categories/kitchen/", {"parent": None, "slug": "cooking"})
        assert (moved.status_code, moved.json()["slug"]) == (200, "cooking")
        assert staff.put(f"{API}categories/cooking/", {"name": "Cooking"}).json()["name"] == "Cooking"
        assert staff.delete(f"{API}categories/cooking/").status_code == 204
        assert Category.objects.get().slug == "rooms"

    def test_refuse_to_go_while_in_use(self, staff):
        product()

        response = staff.delete(f"{API}categories/lamps/")

        assert (response.status_code, response.json()["code"]) == (409, "category_in_use")
