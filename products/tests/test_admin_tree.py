"""Categories, brands and collections in the admin: written through their services."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from products import services
from products.models import Brand, Category, Collection
from products.tests.factories import NOW, category, product
from shop.audit.models import AuditEntry
from users.tests.factories import StaffFactory, SuperuserFactory

pytestmark = [pytest.mark.once, pytest.mark.django_db]
WHO: dict[str, Any] = {"actor_id": None, "now": NOW}


@pytest.fixture
def admin(client):
    client.force_login(SuperuserFactory())
    return client


def address(model: str, what: str, *args: int) -> str:
    return reverse(f"admin:products_{model}_{what}", args=args)


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def errors_of(answer) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


NO_TEXTS = {"texts-TOTAL_FORMS": 0, "texts-INITIAL_FORMS": 0}


class TestCategories:
    def send(self, admin, row: Category | None, **values):
        path = address("category", "change", row.pk) if row else address("category", "add")
        sent = {"name": "Lamps", "slug": "", "description": "", "parent": "", **NO_TEXTS}
        return admin.post(path, sent | values)

    def test_are_added_moved_renamed_and_deleted(self, admin):
        home = category("Home")
        assert self.send(admin, None, parent=home.pk, description="<p>Warm</p>").status_code == 302
        lamps = Category.objects.get(slug="lamps")
        assert (lamps.depth, lamps.description) == (2, "<p>Warm</p>")

        assert (
            self.send(admin, lamps, name="Light", slug="light", description="<p>Warm</p>").status_code == 302
        )
        lamps.refresh_from_db()
        assert (lamps.name, lamps.slug, lamps.depth) == ("Light", "light", 1)
        entry = AuditEntry.objects.get(action="products.category_updated")
        assert entry.facts == {"fields": ["name", "parent", "slug"]}

        # An empty slug leaves it as it is, and what is as it was changes nothing.
        self.send(admin, lamps, name="Light", description="<p>Warm</p>")
        assert AuditEntry.objects.count() == 1

        assert admin.post(address("category", "delete", lamps.pk), {"post": "yes"}).status_code == 302
        assert [row.slug for row in Category.objects.all()] == ["home"]

    def test_are_shown_as_a_tree(self, admin):
        home = category("Home")
        services.create_category(name="Attic", parent=home.slug)
        category("Garden")

        page = admin.get(address("category", "changelist")).content.decode()

        places = [page.index(text) for text in ("0.0rem\">Home", "1.5rem\">Attic", "0.0rem\">Garden")]  # fmt: skip
        assert places == sorted(places)

    def test_a_refusal_stands_beside_what_was_typed(self, admin):
        home = category("Home")
        below = services.create_category(name="Attic", parent=home.slug)

        moved = self.send(admin, home, name="Typed", parent=below.pk)
        taken = self.send(admin, below, name="Typed", slug="home", parent=home.pk)

        assert errors_of(moved) == {"parent": ["A category can't stand below itself."]}
        assert errors_of(taken) == {"slug": ["This is taken already."]}
        assert 'value="Typed"' in moved.content.decode()
        assert sorted(Category.objects.values_list("name", "slug", "depth")) == [
            ("Attic", "attic", 2),
            ("Home", "home", 1),
        ]

    def test_one_in_use_is_not_deleted(self, admin):
        lamps = product().category

        answer = admin.post(address("category", "delete", lamps.pk), {"post": "yes"}, follow=True)

        assert said(answer) == ["This category has categories or products."]
        assert Category.objects.count() == 1

    def test_are_found_as_one_types(self, admin):
        category("Home")
        query = {"app_label": "products", "model_name": "product", "field_name": "category", "term": "ho"}

        found = admin.get(reverse("admin:autocomplete"), query).json()["results"]

        assert [row["text"] for row in found] == ["Home"]

    def test_need_their_permissions(self, client):
        lamps = category("Lamps")
        client.force_login(StaffFactory(permissions=["products.view_category", "products.change_product"]))

        assert client.get(address("category", "add")).status_code == 403
        assert self.send(client, lamps, name="X").status_code == 403
        assert client.post(address("category", "delete", lamps.pk), {"post": "yes"}).status_code == 403


class TestBrands:
    def test_are_added_renamed_and_deleted(self, admin):
        assert admin.post(address("brand", "add"), {"name": "Fern"}).status_code == 302
        fern = Brand.objects.get()
        product(brand="Moss")

        for row, name in ((fern, "MOSS"), (None, "moss")):
            path = address("brand", "change", row.pk) if row else address("brand", "add")
            assert errors_of(admin.post(path, {"name": name})) == {"name": ["This is taken already."]}
        assert admin.post(address("brand", "change", fern.pk), {"name": "Oak"}).status_code == 302
        assert sorted(Brand.objects.values_list("name", flat=True)) == ["Moss", "Oak"]

        used = Brand.objects.get(name="Moss")
        answer = admin.post(address("brand", "delete", used.pk), {"post": "yes"}, follow=True)
        assert said(answer)[-1] == "There are products of this brand."
        admin.post(address("brand", "delete", fern.pk), {"post": "yes"})
        assert list(Brand.objects.values_list("name", flat=True)) == ["Moss"]
        entries = AuditEntry.objects.filter(action__contains="brand").order_by("pk")
        assert list(entries.values_list("action", flat=True)) == [
            "products.brand_created",
            "products.brand_renamed",
            "products.brand_deleted",
        ]

    def test_of_many_products_say_what_search_still_needs(self, admin, monkeypatch):
        monkeypatch.setattr("products.services.changes.INDEXED_AT_ONCE", 0)
        product(brand="Fern")
        fern = Brand.objects.get()

        answer = admin.post(address("brand", "change", fern.pk), {"name": "Oak"}, follow=True)

        assert any("manage.py index_products" in message for message in said(answer))


class TestCollections:
    def send(self, admin, row: Collection, *members: dict[str, object], stored: int = 0, **values):
        data: dict[str, object] = {"name": row.name, "slug": row.slug} | values
        data |= {"Collection_products-TOTAL_FORMS": len(members), "Collection_products-INITIAL_FORMS": stored}
        for number, member in enumerate(members):
            data |= {f"Collection_products-{number}-{name}": value for name, value in member.items()}
        return admin.post(address("collection", "change", row.pk), data)

    def test_are_added_filled_renamed_and_deleted(self, admin):
        assert admin.post(address("collection", "add"), {"name": "Summer", "slug": ""}).status_code == 302
        summer = Collection.objects.get()
        assert summer.slug == "summer"
        lamp, table = product(), product()
        ours = {"collection": summer.pk}

        self.send(admin, summer, *({**ours, "id": "", "product": one.pk} for one in (lamp, table)))
        assert set(summer.products.all()) == {lamp, table}

        kept = Collection.products.through.objects.get(product=lamp)
        gone = {**ours, "id": kept.pk, "product": lamp.pk, "DELETE": "on"}
        answer = self.send(admin, summer, gone, stored=1, name="Autumn", slug="autumn")
        assert answer.status_code == 302
        summer.refresh_from_db()
        assert (list(summer.products.all()), summer.name, summer.slug) == ([table], "Autumn", "autumn")

        assert admin.post(address("collection", "delete", summer.pk), {"post": "yes"}).status_code == 302
        assert not Collection.objects.exists()

    def test_a_page_shows_twenty_of_a_thousand(self, admin):
        made = services.create_collection(name="Summer", **WHO)
        for number in range(25):
            made.products.add(product(name=f"Lamp no {number}"))

        page = admin.get(address("collection", "change", made.pk)).content.decode()

        assert page.count("Lamp no ") == 20

    def test_a_refusal_stands_beside_what_was_typed(self, admin):
        services.create_collection(name="Winter", **WHO)
        summer = services.create_collection(name="Summer", **WHO)

        answer = self.send(admin, summer, name="Typed", slug="winter")

        assert list(errors_of(answer)) == ["slug"]
        assert 'value="Typed"' in answer.content.decode()
        summer.refresh_from_db()
        assert summer.name == "Summer"

    def test_are_found_as_one_types(self, admin):
        services.create_collection(name="Summer", **WHO)
        query = {
            "app_label": "products",
            "model_name": "collection_products",
            "field_name": "collection",
            "term": "sum",
        }

        found = admin.get(reverse("admin:autocomplete"), query).json()["results"]

        assert [row["text"] for row in found] == ["Summer"]
