"""What products and categories say in each language, as staff write it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from products import schemas, services, text_shapes
from products.memory import catalogue_version
from products.models import CategoryText, Product, ProductText
from products.tests.factories import NOW, category, product, variant_data
from shop.audit.models import AuditEntry
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, SuperuserFactory, UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db
PRODUCT = "/api/v1/products/oak-lamp/texts/"
CATEGORY = "/api/v1/categories/lamps/texts/"
EMPTY = {"name": "", "description": "", "seo_title": "", "seo_description": "", "options": {}}


@pytest.fixture
def staff():
    return client_of(SuperuserFactory())


@pytest.fixture
def lamp(db) -> Product:
    made = product(
        variant_data(options={"Shade": "Linen", "Size": "S"}),
        variant_data(options={"Shade": "Jute", "Size": "M"}),
        name="Oak lamp",
        slug="oak-lamp",
        seo_title="Buy oak",
    )
    AuditEntry.objects.all().delete()
    return made


def footprint() -> tuple:
    """Return everything that a write may touch."""
    return (
        list(ProductText.objects.values()),
        list(CategoryText.objects.values()),
        list(Product.objects.values("name", "updated_at")),
        AuditEntry.objects.count(),
    )


@pytest.mark.parametrize(
    ("path", "permission"), [(PRODUCT, "products.change_product"), (CATEGORY, "products.change_category")]
)
def test_only_staff_who_may_change_it(lamp, path, permission):
    calls = [("get", path), ("put", f"{path}de/"), ("delete", f"{path}de/")]

    def answers(client) -> list[int]:
        return [getattr(client, method)(url).status_code for method, url in calls]

    assert answers(anonymous()) == [401, 401, 401]
    assert answers(client_of(UserFactory(permissions=[permission]))) == [403, 403, 403]
    assert answers(client_of(StaffFactory(permissions=["products.view_product"]))) == [403, 403, 403]
    assert answers(client_of(StaffFactory(permissions=[permission]))) == [200, 200, 204]


class TestOfAProduct:
    def test_are_written_whole_and_read_by_language(self, staff, lamp):
        said = {
            "name": "Eichenlampe",
            "seo_title": "Eiche",
            "options": {"Shade": "Schirm", "Linen": "Leinen", "Jute": ""},
        }

        first = staff.put(f"{PRODUCT}de/", {**said, "description": "<p>Warm.</p>"})
        second = staff.put(f"{PRODUCT}DE/", {**said, "language": "de", "own": False})

        written = {**EMPTY, **said, "language": "de", "own": False}
        written["options"] = {"Shade": "Schirm", "Linen": "Leinen"}
        assert (first.status_code, first.json()) == (200, {**written, "description": "<p>Warm.</p>"})
        assert (second.status_code, second.json()) == (200, written)
        assert set(written) == set(text_shapes.ProductTextAnswer().fields)
        listed = staff.get(PRODUCT).json()
        own = {**EMPTY, "language": "en", "own": True, "name": "Oak lamp", "seo_title": "Buy oak"}
        assert listed == {"count": 2, "next": None, "previous": None, "results": [own, written]}
        assert "texts" not in schemas.ProductDetail().fields

    def test_leave_a_record_and_a_new_version(self, staff, lamp, django_capture_on_commit_callbacks):
        version = catalogue_version()
        before = timezone.now() - timedelta(seconds=60)

        with django_capture_on_commit_callbacks(execute=True):
            staff.put(f"{PRODUCT}de/", {"name": "Eichenlampe"})

        lamp.refresh_from_db()
        assert lamp.updated_at > before > NOW
        assert catalogue_version() == version + 1
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.object_id, entry.facts) == (
            "products.text_changed", str(lamp.pk), {"language": "de"},
        )  # fmt: skip

    def test_said_again_change_nothing(self, staff, lamp):
        staff.put(f"{PRODUCT}de/", {"name": "Eichenlampe", "options": {"Linen": "Leinen"}})
        before = footprint()

        again = staff.put(f"{PRODUCT}de/", {"name": "Eichenlampe", "options": {"Linen": "Leinen"}})

        assert again.status_code == 200
        assert footprint() == before

    @pytest.mark.parametrize("how", ["delete", "put"])
    def test_go_when_they_say_nothing(self, staff, lamp, how):
        staff.put(f"{PRODUCT}de/", {"name": "Eichenlampe"})

        gone = [getattr(staff, how)(f"{PRODUCT}de/").status_code for _ in range(2)]

        assert gone == ([204, 204] if how == "delete" else [200, 200])
        assert not ProductText.objects.exists()
        assert AuditEntry.objects.count() == 2
        assert staff.get(PRODUCT).json()["results"][1] == {**EMPTY, "language": "de", "own": False}

    @pytest.mark.parametrize(
        ("language", "body", "field", "code"),
        [
            ("fr", {"name": "Lampe"}, "language", "invalid_choice"),
            ("en", {"name": "Lamp"}, "language", "invalid_choice"),
            ("de", {"options": {"Colour": "Farbe"}}, "options", "invalid_choice"),
            ("de", {"options": {"linen": "Leinen"}}, "options", "invalid_choice"),
            ("de", {"options": {"Shade": "Größe", "Size": "größe"}}, "options", "unique"),
            ("de", {"options": {"Linen": "Stoff", "Jute": "Stoff"}}, "options", "unique"),
            ("de", {"options": {"Linen": "Jute"}}, "options", "unique"),
            ("de", {"options": {"Linen": "x" * 101}}, "options.Linen", "max_length"),
            ("de", {"name": "Lampe\r\nBcc: x"}, "name", "invalid"),
            ("de", {"name": "x" * 201}, "name", "max_length"),
            ("de", {"seo_title": "x" * 101}, "seo_title", "max_length"),
            ("de", {"seo_description": "x" * 301}, "seo_description", "max_length"),
        ],
    )
    def test_are_refused(self, staff, lamp, language, body, field, code):
        staff.put(f"{PRODUCT}de/", {"name": "Eichenlampe"})
        before = footprint()

        response = staff.put(f"{PRODUCT}{language}/", body)

        assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
        assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, code)]
        assert footprint() == before

    def test_may_keep_the_words_of_what_is_not_sold_any_more(self, staff, lamp):
        jute = lamp.variants.get(options__Shade="Jute")
        services.archive_variant(variant_id=jute.pk, actor_id=None, now=NOW)

        response = staff.put(f"{PRODUCT}de/", {"options": {"Jute": "Sack", "Linen": "Sack"}})

        assert response.json()["options"] == {"Jute": "Sack", "Linen": "Sack"}

    def test_of_nothing_are_not_found(self, staff):
        calls = [staff.get(PRODUCT), staff.put(f"{PRODUCT}de/"), staff.delete(f"{PRODUCT}de/")]

        assert [call.status_code for call in calls] == [404, 404, 404]


class TestOfACategory:
    def test_are_written_whole_read_and_removed(self, staff):
        category("Lamps")
        said = {"language": "de", "own": False, "name": "Lampen", "description": "Leuchtet."}

        written = staff.put(f"{CATEGORY}de/", said)
        named = staff.put(f"{CATEGORY}de/", {"name": "Lampen"})

        assert (written.json(), set(said)) == (said, set(text_shapes.CategoryTextAnswer().fields))
        assert named.json() == {**said, "description": ""}
        own = {"language": "en", "own": True, "name": "Lamps", "description": ""}
        assert staff.get(CATEGORY).json()["results"] == [own, {**said, "description": ""}]
        assert staff.delete(f"{CATEGORY}de/").status_code == 204
        assert not CategoryText.objects.exists()
        actions = AuditEntry.objects.order_by("pk").values_list("action", "facts__language")
        assert list(actions) == [("products.category_text_changed", "de")] * 3

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            (f"{CATEGORY}fr/", {"name": "Lampes"}, 400),
            (f"{CATEGORY}en/", {"name": "Lights"}, 400),
            (f"{CATEGORY}de/", {"seo_title": "Lampen"}, 400),
            ("/api/v1/categories/none/texts/de/", {"name": "Nichts"}, 404),
        ],
    )
    def test_are_refused(self, staff, lamp, path, body, status):
        before = footprint()

        assert staff.put(path, body).status_code == status
        assert footprint() == before


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def write(self, product_id: int) -> list[str]:
        def one(number: int) -> str:
            said = {"name": f"Lampe {number}"}
            try:
                services.write_product_text(
                    product_id=product_id, language="de", said=said, actor_id=None, now=NOW
                )
            except IntegrityError:
                return "broken"
            return "written"

        return together(8, one)

    def test_of_eight_first_texts_at_once_the_last_stays(self):
        made = product()

        assert self.write(made.pk) == ["written"] * 8

        assert made.texts.count() == 1

    def test_without_the_lock_some_break(self, monkeypatch):
        """The control: the race is there."""
        monkeypatch.setattr("products.services.texts._locked", lambda pk: Product.objects.get(pk=pk))
        answers: list[str] = []
        while "broken" not in answers and Product.objects.count() < 20:
            answers = self.write(product().pk)

        assert "broken" in answers
