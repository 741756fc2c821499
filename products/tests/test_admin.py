"""The catalogue in the admin: text is edited, what has rules goes through the services, ledgers are read."""

from __future__ import annotations

import pytest
from django.urls import reverse

from products import services
from products.models import Attribute, Product, Reservation
from products.tests.factories import NOW, category, image, product
from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from users.tests.factories import StaffFactory, SuperuserFactory, UserFactory

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


READ_ONLY = ("stockitem", "stockmovement", "reservation")


class TestPages:
    @pytest.mark.parametrize(
        "model",
        [
            *READ_ONLY,
            "category",
            "variant",
            "product",
            "brand",
            "collection",
            "review",
            "stockalert",
            "attribute",
        ],
    )
    def test_every_list_opens_and_searches(self, admin, lamp, model):
        assert admin.get(reverse(f"admin:products_{model}_changelist")).status_code == 200
        assert admin.get(reverse(f"admin:products_{model}_changelist"), {"q": "lamp"}).status_code == 200

    @pytest.mark.parametrize("model", READ_ONLY)
    def test_ledgers_are_only_read(self, admin, lamp, model):
        assert admin.get(reverse(f"admin:products_{model}_add")).status_code == 403
        row = {
            "stockitem": lamp.variants.get().stock,
            "stockmovement": lamp.variants.get().movements.get(),
            "reservation": Reservation.objects.get(),
        }[model]
        assert admin.post(reverse(f"admin:products_{model}_delete", args=[row.pk])).status_code == 403
        assert admin.post(reverse(f"admin:products_{model}_change", args=[row.pk]), {}).status_code == 403

    def test_nothing_that_was_sold_is_deleted(self, admin, lamp):
        variant = lamp.variants.get()

        assert admin.post(reverse("admin:products_product_delete", args=[lamp.pk])).status_code == 403
        assert admin.post(reverse("admin:products_variant_delete", args=[variant.pk])).status_code == 403


class TestAttributes:
    def test_are_defined_and_redefined(self, admin, lamp):
        services.update_product(product_id=lamp.pk, actor_id=None, now=NOW, attributes={"Finish": "MATT"})
        made = Attribute.objects.get()
        fields = {"name": "Surface", "kind": "choice", "choices": "matt\r\n\r\nglossy ", "position": "2"}

        answer = admin.post(reverse("admin:products_attribute_change", args=[made.pk]), fields)

        made.refresh_from_db()
        lamp.refresh_from_db()
        assert answer.status_code == 302
        assert (made.name, made.kind, made.choices, made.filterable) == (
            "Surface",
            "choice",
            ["matt", "glossy"],
            False,
        )
        assert lamp.attributes == {"Surface": "matt"}

    def test_one_that_is_used_is_not_deleted(self, admin, lamp):
        services.update_product(product_id=lamp.pk, actor_id=None, now=NOW, attributes={"Finish": "matt"})
        made = Attribute.objects.get()

        admin.post(reverse("admin:products_attribute_delete", args=[made.pk]), {"post": "yes"})

        assert Attribute.objects.count() == 1

    def test_a_refusal_is_said_on_the_page(self, admin, lamp):
        fields = {"name": "Surface", "kind": "choice", "choices": "", "position": "2"}

        page = admin.post(reverse("admin:products_attribute_add"), fields, follow=True)

        assert "A choice needs values to choose from." in page.content.decode()
        assert not Attribute.objects.exists()


class TestReviews:
    def test_staff_hide_and_show_them(self, admin, lamp):
        said = {"rating": 1, "title": "Buy at …"}
        review = services.write_review(product_id=lamp.pk, user_id=UserFactory().pk, said=said, now=NOW)
        path = reverse("admin:products_review_changelist")

        for action, shown in (("reject", 0), ("publish", 1)):
            answer = admin.post(path, {"action": action, "_selected_action": [review.pk]}, follow=True)

            lamp.refresh_from_db()
            assert "1 changed." in answer.content.decode()
            assert lamp.review_count == shown
        assert AuditEntry.objects.filter(object_type="products.Review").count() == 2

    def test_looking_is_not_moderating(self, client, lamp):
        review = services.write_review(
            product_id=lamp.pk, user_id=UserFactory().pk, said={"rating": 1}, now=NOW
        )
        client.force_login(StaffFactory(permissions=["products.view_review"]))
        path = reverse("admin:products_review_changelist")

        client.post(path, {"action": "reject", "_selected_action": [review.pk]})

        lamp.refresh_from_db()
        assert lamp.review_count == 1


class TestProduct:
    def test_are_archived_by_an_action(self, admin, lamp):
        data = {"action": "archive", "_selected_action": [lamp.pk]}

        assert admin.post(reverse("admin:products_product_changelist"), data).status_code == 302

        assert Product.objects.get().archived_at is not None


def variant_form(**values):
    return {
        "sku": "LAMP-1", "position": 0, "options": "", "image": "", "price": "24.90", "compare_at_price": "29.90",
        "tracked": "on", "backorder_limit": 0, "low_stock_threshold": "", "stock_change": "", "reason": "",
        "requires_shipping": "on", "weight_grams": 300, "available_at": "", "external_id": "", "metadata": "{}",
        "initial-metadata": "{}",
    } | values  # fmt: skip


class TestVariant:
    def change(self, admin, lamp, **values):
        page = reverse("admin:products_variant_change", args=[lamp.variants.get().pk])
        return admin.post(page, variant_form(**values), follow=True)

    def test_shows_its_price_as_people_write_it(self, admin, lamp):
        page = admin.get(reverse("admin:products_variant_change", args=[lamp.variants.get().pk]))

        assert 'value="19.90"' in page.content.decode()

    def test_changes_price_and_stock_through_the_services(self, admin, lamp):
        self.change(admin, lamp, stock_change="5", reason="delivery")

        variant = lamp.variants.get()
        price = variant.prices.get()
        assert (variant.sku, variant.weight_grams, price.amount, price.compare_at) == (
            "LAMP-1",
            300,
            2490,
            2990,
        )
        assert (variant.stock.on_hand, variant.stock.reserved) == (15, 1)
        assert variant.movements.order_by("pk").values_list("delta", "reason").last() == (5, "delivery")
        assert lamp.lowest_prices.get().lowest == 2490

    def test_are_found_by_sku_or_product(self, admin, lamp):
        sku = lamp.variants.get().sku
        movement = lamp.variants.get().movements.get()
        ids = {
            "variant": lamp.variants.get().pk,
            "stockitem": lamp.variants.get().pk,
            "stockmovement": movement.pk,
        }
        product(name="Table", category=category("Tables").slug)
        for model, key in ids.items():
            for text in (sku, sku[:-1] if len(sku) > 5 else sku, sku.lower(), "lamp"):
                path = reverse(f"admin:products_{model}_changelist")
                rows = admin.get(path, {"q": text}).context["cl"].result_list
                assert key in [row.pk for row in rows], (model, text)
        assert "lamp" not in admin.get(path, {"q": "no such thing"}).content.decode().lower()

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"price": "1.999"}, "EUR has 2 decimal places."),
            ({"compare_at_price": "20.00"}, "This must be higher than the price."),
            ({"stock_change": "5"}, "Say why"),
            ({"stock_change": "-10", "reason": "lost"}, "Only 9 can be taken out"),
        ],
    )
    def test_says_what_is_refused_and_changes_nothing(self, admin, lamp, values, said):
        page = self.change(admin, lamp, **values).content.decode()

        variant = lamp.variants.get()
        assert said in page
        assert (variant.prices.get().amount, variant.stock.on_hand, variant.weight_grams) == (1990, 10, 0)

    def test_has_a_picture_and_a_threshold(self, admin, lamp):
        own = image(lamp, "own.webp", alt="From the side")
        foreign = image(product(), "x.webp")

        page = self.change(admin, lamp, image=foreign.pk)
        assert dict(page.context["adminform"].form.errors) == {
            "image": ["Select a valid choice. That choice is not one of the available choices."]
        }
        self.change(admin, lamp, image=own.pk, low_stock_threshold="4")

        variant = lamp.variants.get()
        assert (variant.image, variant.stock.low_stock_threshold) == (own, 4)

    def test_is_added_with_price_and_stock(self, admin, lamp):
        services.archive_variant(variant_id=lamp.variants.get().pk, actor_id=None, now=NOW)
        services.update_variant(
            variant_id=lamp.variants.get().pk, actor_id=None, now=NOW, options={"Size": "S"}
        )
        form = variant_form(product=lamp.pk, sku="LAMP-2", stock_change="7", options="Size: L")

        assert admin.get(reverse("admin:products_variant_add")).status_code == 200
        assert admin.post(reverse("admin:products_variant_add"), form).status_code == 302

        made = lamp.variants.get(sku="LAMP-2")
        assert (made.prices.get().amount, made.stock.on_hand, made.options) == (2490, 7, {"Size": "L"})
