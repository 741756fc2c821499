"""The catalogue in the admin: text is edited, what has rules goes through the services, ledgers are read."""

from __future__ import annotations

import pytest
from django.urls import reverse

from products import services
from products.models import Product, Reservation
from products.tests.factories import NOW, product
from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from users.tests.factories import SuperuserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    client.force_login(SuperuserFactory())
    return client


@pytest.fixture
def lamp():
    made = product(name="Lamp", slug="lamp", brand="Fern")
    services.reserve(order_ref=new_id(), quantities={made.variants.get().pk: 1}, expires_at=None, now=NOW)
    return made


READ_ONLY = ("category", "variant", "stockitem", "stockmovement", "reservation")


class TestPages:
    @pytest.mark.parametrize("model", [*READ_ONLY, "product", "brand", "collection"])
    def test_every_list_opens_and_searches(self, admin, lamp, model):
        assert admin.get(reverse(f"admin:products_{model}_changelist")).status_code == 200
        assert admin.get(reverse(f"admin:products_{model}_changelist"), {"q": "lamp"}).status_code == 200

    @pytest.mark.parametrize("model", READ_ONLY)
    def test_ledgers_and_trees_are_only_read(self, admin, lamp, model):
        assert admin.get(reverse(f"admin:products_{model}_add")).status_code == 403
        some = lamp.variants.get() if model == "variant" else None
        row = (
            some
            or {
                "category": lamp.category,
                "stockitem": lamp.variants.get().stock,
                "stockmovement": lamp.variants.get().movements.get(),
                "reservation": Reservation.objects.get(),
            }[model]
        )
        assert admin.post(reverse(f"admin:products_{model}_delete", args=[row.pk])).status_code == 403
        assert admin.post(reverse(f"admin:products_{model}_change", args=[row.pk]), {}).status_code == 403

    def test_products_are_neither_added_nor_deleted(self, admin, lamp):
        assert admin.get(reverse("admin:products_product_add")).status_code == 403
        assert admin.post(reverse("admin:products_product_delete", args=[lamp.pk])).status_code == 403


class TestProduct:
    def test_text_is_edited_through_the_service(self, admin, lamp):
        page = reverse("admin:products_product_change", args=[lamp.pk])
        assert admin.get(page).status_code == 200

        response = admin.post(
            page,
            {
                "name": "Brass lamp", "description": "New", "category": lamp.category_id, "brand": "",
                "tax_class": "standard", "option_names": "[]", "attributes": "{}", "metadata": "{}",
                "external_id": "", "slug": "smuggled", "in_stock": "",
                "variants-TOTAL_FORMS": 0, "variants-INITIAL_FORMS": 0,
            },
        )  # fmt: skip

        assert response.status_code == 302
        lamp.refresh_from_db()
        assert (lamp.name, lamp.brand, lamp.slug, lamp.in_stock) == ("Brass lamp", None, "lamp", True)
        assert (lamp.attributes, lamp.option_names, lamp.metadata) == ({}, [], {})
        assert AuditEntry.objects.get(action="products.updated").object_id == str(lamp.pk)

    def test_are_archived_by_an_action(self, admin, lamp):
        data = {"action": "archive", "_selected_action": [lamp.pk]}

        assert admin.post(reverse("admin:products_product_changelist"), data).status_code == 302

        assert Product.objects.get().archived_at is not None
