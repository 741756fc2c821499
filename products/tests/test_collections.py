"""Collections and brands: written by staff, read by everybody, and found by search under their present names."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from products import search, services
from products.errors import BrandInUse
from products.memory import catalogue_version
from products.models import Brand, Collection, Product
from products.services import catalogue, changes
from products.tests.factories import NOW, product, variant_data
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from shop.core.transactions import use_case
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db
WHO: dict[str, Any] = {"actor_id": None, "now": NOW}


def found(text: str) -> list[int]:
    return list(search.found(Product.objects.all(), text).order_by("pk").values_list("pk", flat=True))


def members(slug: str) -> list[int]:
    return sorted(Collection.objects.get(slug=slug).products.values_list("pk", flat=True))


def refusal(call) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as refused, transaction.atomic():
        call()
    return [(error.field, error.code) for error in refused.value.errors]


class TestBrands:
    def test_a_new_name_reaches_search(self):
        lamp = product(brand="Fern")
        brand = Brand.objects.get()
        services.archive_product(product_id=product(brand="fern").pk, **WHO)

        assert services.rename_brand(brand_id=brand.pk, name=" Moss  & Oak ", **WHO) is True

        brand.refresh_from_db()
        assert brand.name == "Moss & Oak"
        assert lamp.pk in found("moss")
        assert found("fern") == []
        entry = AuditEntry.objects.get(action="products.brand_renamed")
        assert (entry.object_id, entry.facts) == (str(brand.pk), {"former": "Fern"})

    def test_a_category_s_new_name_is_found(self):
        made = product(name="Oak desk")

        services.update_category(ref=made.category.slug, name="Worktops", **WHO)

        assert found("worktops") == [made.pk]

    def test_a_large_one_is_left_to_the_command(self, monkeypatch):
        monkeypatch.setattr(changes, "INDEXED_AT_ONCE", 1)
        lamps = [product(brand="Fern").pk for _ in range(2)]

        assert services.rename_brand(brand_id=Brand.objects.get().pk, name="Moss", **WHO) is False

        assert (found("moss"), found("fern")) == ([], lamps)

    def test_one_name_is_one_brand_in_any_case(self):
        made = services.create_brand(name="Fern", **WHO)
        other = services.create_brand(name="Moss", **WHO)

        assert refusal(lambda: services.create_brand(name="FERN", **WHO)) == [("name", "unique")]
        assert refusal(lambda: services.rename_brand(brand_id=other.pk, name="fern", **WHO)) == [
            ("name", "unique")
        ]
        assert refusal(lambda: services.create_brand(name="  ", **WHO)) == [("name", "required")]
        assert services.rename_brand(brand_id=made.pk, name="FERN", **WHO) is True
        assert sorted(Brand.objects.values_list("name", flat=True)) == ["FERN", "Moss"]

    def test_only_one_that_no_product_has_is_deleted(self):
        made = services.create_brand(name="Moss", **WHO)
        lamp = product(brand="Fern")

        with pytest.raises(BrandInUse), transaction.atomic():
            services.delete_brand(brand_id=lamp.brand_id or 0, **WHO)
        services.delete_brand(brand_id=made.pk, **WHO)

        assert list(Brand.objects.values_list("name", flat=True)) == ["Fern"]
        assert AuditEntry.objects.get(action="products.brand_deleted").facts == {"name": "Moss"}


class TestCollections:
    def test_are_filled_renamed_and_deleted(self):
        lamp, table = product(name="Lamp"), product(name="Table")
        made = services.create_collection(name="Summer days", products=[lamp.pk], **WHO)
        assert (made.slug, members("summer-days"), found("summer")) == ("summer-days", [lamp.pk], [lamp.pk])

        services.update_collection(ref="summer-days", name="Autumn", products=[table.pk], **WHO)
        assert (members("summer-days"), found("autumn"), found("summer")) == ([table.pk], [table.pk], [])

        services.update_collection(ref="summer-days", name="Winter", slug="winter", **WHO)
        assert (members("winter"), found("winter"), found("autumn")) == ([table.pk], [table.pk], [])

        services.change_members(collection_id=made.pk, add=[lamp.pk, table.pk], remove=[], **WHO)
        services.change_members(collection_id=made.pk, remove=[table.pk], **WHO)
        assert (members("winter"), found("winter")) == ([lamp.pk], [lamp.pk])

        services.delete_collection(slug="winter", **WHO)
        assert (found("winter"), Product.objects.count()) == ([], 2)
        assert list(
            AuditEntry.objects.filter(action__contains="collection").order_by("pk").values_list("action")
        ) == [
            ("products.collection_created",),
            *[("products.collection_updated",)] * 4,
            ("products.collection_deleted",),
        ]

    def test_refuse_by_name_and_change_nothing(self):
        lamp = product()
        services.create_collection(name="Summer", slug="summer", products=[lamp.pk], **WHO)
        services.create_collection(name="Winter", slug="winter", **WHO)
        entries = AuditEntry.objects.count()

        taken, missing = ("slug", "unique"), ("products", "does_not_exist")
        for call, said in (
            (lambda: services.create_collection(name="X", slug="summer", **WHO), taken),
            (lambda: services.create_collection(name="X", products=[lamp.pk, 999], **WHO), missing),
            (lambda: services.update_collection(ref="winter", slug="summer", products=[lamp.pk], **WHO), taken),
            (lambda: services.update_collection(ref="summer", products=[999], **WHO), missing),
            (lambda: services.update_product(product_id=lamp.pk, collections=["winter", "no"], **WHO),
             ("collections", "does_not_exist")),
        ):  # fmt: skip
            assert refusal(call) == [said]
        for gone in (
            lambda: services.update_collection(ref="no", name="X", **WHO),
            lambda: services.delete_collection(slug="no", **WHO),
            lambda: services.change_members(collection_id=0, add=[lamp.pk], **WHO),
        ):
            with pytest.raises(NotFound), transaction.atomic():
                gone()
        assert (members("summer"), members("winter"), AuditEntry.objects.count()) == ([lamp.pk], [], entries)

    def test_one_of_the_same_name_has_a_slug_of_its_own(self):
        slugs = [services.create_collection(name="Summer", **WHO).slug for _ in range(3)]

        assert slugs == ["summer", "summer-2", "summer-3"]

    def test_of_a_product_are_set_as_a_whole(self):
        for name in ("Summer", "Winter"):
            services.create_collection(name=name, **WHO)
        lamp = product(collections=["summer"])

        services.update_product(product_id=lamp.pk, collections=["winter"], **WHO)

        assert (members("summer"), members("winter"), found("winter")) == ([], [lamp.pk], [lamp.pk])

    def test_every_change_lets_go_of_caches(self, django_capture_on_commit_callbacks):
        lamp = product(brand="Fern")
        calls = [
            lambda: services.create_collection(name="Summer", **WHO),
            lambda: services.update_collection(ref="summer", name="Autumn", **WHO),
            lambda: services.change_members(collection_id=Collection.objects.get().pk, add=[lamp.pk], **WHO),
            lambda: services.delete_collection(slug="summer", **WHO),
            lambda: services.rename_brand(brand_id=lamp.brand_id or 0, name="Moss", **WHO),
        ]
        for call in calls:
            before = catalogue_version()
            with django_capture_on_commit_callbacks(execute=True):
                call()
            assert catalogue_version() == before + 1


class TestOverHttp:
    @pytest.fixture
    def staff(self):
        rights = [f"products.{right}_collection" for right in ("add", "change", "delete")]
        return client_of(
            StaffFactory(permissions=[*rights, "products.change_product", "products.add_product"])
        )

    def test_everybody_reads_all_of_them_in_one_statement(self):
        lamp, hidden = product(), product(published=False)
        for number in range(3):
            services.create_collection(name=f"Group {number}", products=[lamp.pk, hidden.pk][:number], **WHO)

        with statements() as seen:
            answer = anonymous().get("/api/v1/collections/")

        assert answer.json() == {
            "count": 3, "next": None, "previous": None,
            "results": [
                {"name": f"Group {n}", "slug": f"group-{n}", "product_count": count}
                for n, count in enumerate([0, 1, 1])
            ],
        }  # fmt: skip
        assert (len(seen), answer.headers["Cache-Control"].partition(",")[0]) == (1, "public")
        one = anonymous().get("/api/v1/collections/group-1/").json()
        assert one == {"name": "Group 1", "slug": "group-1", "product_count": 1}
        assert anonymous().get("/api/v1/collections/", {"x": "1"}).json()["code"] == "unknown_filter"

    def test_staff_write_them(self, staff):
        lamp = product(variant_data())
        body = {"name": "Summer", "products": [lamp.pk]}

        made = staff.post("/api/v1/collections/", body, format="json")
        assert (made.status_code, made.headers["Location"], made.json()) == (
            201, "/api/v1/collections/summer/", {"name": "Summer", "slug": "summer", "product_count": 1},
        )  # fmt: skip
        changed = staff.patch(
            "/api/v1/collections/summer/",
            {**made.json(), "name": "Autumn", "slug": "autumn", "products": []},
            format="json",
        )
        assert changed.json() == {"name": "Autumn", "slug": "autumn", "product_count": 0}
        assert staff.delete("/api/v1/collections/autumn/").status_code == 204
        assert not Collection.objects.exists()

    def test_a_product_says_and_takes_them(self, staff):
        for name in ("Winter", "Summer"):
            services.create_collection(name=name, **WHO)
        lamp = product()
        path = f"/api/v1/products/{lamp.pk}/"

        answer = staff.patch(path, {"collections": ["winter", "summer"]}, format="json")

        both = [{"name": "Summer", "slug": "summer"}, {"name": "Winter", "slug": "winter"}]
        assert answer.json()["collections"] == both
        with statements() as seen:
            shown = anonymous().get(path).json()
        assert (shown["collections"], len(seen)) == (both, 2)
        # What an answer says may be sent back.
        again = staff.patch(path, {"collections": both[:1]}, format="json")
        assert again.json()["collections"] == both[:1]
        listed = anonymous().get("/api/v1/products/", {"collection": "summer"}).json()["results"]
        assert [one["id"] for one in listed] == [lamp.pk]
        bad = staff.patch(path, {"collections": ["summer", "no"]}, format="json").json()
        assert [(error["field"], error["code"]) for error in bad["errors"]] == [
            ("collections", "does_not_exist")
        ]
        new = {"name": "Lamp", "category": lamp.category.slug, "collections": ["winter"]}
        made = staff.post("/api/v1/products/", new, format="json")
        assert made.json()["collections"] == both[1:]

    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "code"),
        [
            ("post", "", {"name": "X", "products": ["1"]}, 400, "validation_failed"),
            ("post", "", {"name": "X", "products": list(range(1, 1002))}, 400, "validation_failed"),
            ("post", "", {"name": "X", "products": [2**63]}, 400, "validation_failed"),
            ("post", "", {"name": "", "slug": "x"}, 400, "validation_failed"),
            ("post", "", {"name": "X", "product": 1}, 400, "unknown_field"),
            ("patch", "no/", {"name": "X"}, 404, "not_found"),
            ("delete", "no/", {}, 404, "not_found"),
        ],
    )
    def test_bad_bodies_have_names(self, staff, method, path, body, status, code):
        answer = getattr(staff, method)(f"/api/v1/collections/{path}", body, format="json")

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert not Collection.objects.exists()

    def test_are_staffs_to_write(self):
        services.create_collection(name="Summer", **WHO)
        other = client_of(StaffFactory(permissions=["products.change_product"]))
        for method, path in (("post", ""), ("patch", "summer/"), ("delete", "summer/")):
            answer = getattr(other, method)(f"/api/v1/collections/{path}", {"name": "X"}, format="json")
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert Collection.objects.get().name == "Summer"


def put_and_delete(number: int, product_id: int, slug: str) -> str:
    try:
        if number:
            use_case(services.delete_collection, slug=slug, **WHO)
            return "deleted"
        use_case(services.update_product, product_id=product_id, collections=[slug], **WHO)
    except ValidationFailed:
        return "refused"
    except IntegrityError:
        return "broken"
    return "put"


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
class TestRaces:
    ROUNDS = 20

    def play(self) -> set[tuple[str, ...]]:
        lamp, seen = product(), set()
        for number in range(self.ROUNDS):
            slug = services.create_collection(name=f"Group {number}", **WHO).slug
            seen.add(tuple(together(2, partial(put_and_delete, product_id=lamp.pk, slug=slug))))
        return seen

    def test_putting_into_one_that_is_just_deleted_is_refused_or_forgotten(self):
        assert self.play() <= {("put", "deleted"), ("refused", "deleted")}
        assert not Collection.objects.exists()

    def test_without_its_lock_the_database_has_to_refuse(self, monkeypatch):
        def unlocked(product: Any, slugs: Any) -> None:
            found = list(Collection.objects.filter(slug__in=slugs))
            # Long enough for the other one to get through.
            time.sleep(0.05)
            if not found:
                raise ValidationFailed
            product.collections.set(found)

        monkeypatch.setattr(catalogue, "set_collections", unlocked)

        assert ("broken", "deleted") in self.play()
