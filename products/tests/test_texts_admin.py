"""Texts in other languages on the pages of the admin."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import RequestFactory

from products.admin.texts import CategoryTextInline, ProductTextInline, WritesTexts
from products.models import CategoryText, Product, ProductText
from products.tests.factories import category, product, variant_data
from shop.audit.models import AuditEntry
from users.tests.factories import StaffFactory

pytestmark = [pytest.mark.once, pytest.mark.django_db]


class Page(WritesTexts, admin.ModelAdmin):
    """Saves as the pages of products and categories do."""


def formset_of(inline, whole, *rows: dict[str, str]):
    """Return the forms that staff who may change it send with a page."""
    kind = type(whole)._meta.model_name
    request = RequestFactory().post("/")
    request.user = StaffFactory(permissions=[f"products.change_{kind}"])
    made = inline(type(whole), admin.site).get_formset(request, whole)
    stored = sum("id" in row for row in rows)
    data = {"texts-TOTAL_FORMS": str(len(rows)), "texts-INITIAL_FORMS": str(stored)}
    for number, row in enumerate(rows):
        data |= {f"texts-{number}-{name}": text for name, text in row.items()}
    return request, made(data, instance=whole, prefix="texts")


def save(inline, whole, *rows: dict[str, str]):
    request, formset = formset_of(inline, whole, *rows)
    assert formset.is_valid(), (formset.errors, formset.non_form_errors())
    Page(type(whole), admin.site).save_formset(request, None, formset, change=True)
    return request.user


@pytest.fixture
def lamp(db) -> Product:
    made = product(variant_data(options={"Shade": "Linen"}))
    AuditEntry.objects.all().delete()
    return made


class TestOfAProduct:
    def test_are_written_by_the_service(self, lamp):
        words = "Shade = Schirm\r\n\r\nLinen=Leinen = fein"
        said = {"language": "de", "name": "Lampe", "description": "<p onclick=x>Warm</p>", "options": words}

        staff = save(ProductTextInline, lamp, said)

        row = ProductText.objects.get()
        assert (row.product_id, row.language, row.name, row.description, row.options) == (
            lamp.pk, "de", "Lampe", "<p>Warm</p>", {"Shade": "Schirm", "Linen": "Leinen = fein"},
        )  # fmt: skip
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.actor_id) == ("products.text_changed", staff.pk)

    def test_are_shown_changed_and_removed(self, lamp):
        save(ProductTextInline, lamp, {"language": "de", "name": "Lampe", "options": "Linen = Leinen"})
        row = {"id": str(ProductText.objects.get().pk), "name": "Lampe", "options": "Linen = Leinen"}
        _, formset = formset_of(ProductTextInline, lamp, row)
        shown = formset.forms[0]
        assert shown["options"].field.prepare_value(shown.initial["options"]) == "Linen = Leinen"
        assert not shown.has_changed()

        save(ProductTextInline, lamp, {**row, "name": "Leuchte", "language": "fr"})
        kept = ProductText.objects.get()
        assert (kept.language, kept.name, kept.options) == ("de", "Leuchte", {"Linen": "Leinen"})
        save(ProductTextInline, lamp, {**row, "DELETE": "on"})

        assert not ProductText.objects.exists()
        assert AuditEntry.objects.count() == 3

    @pytest.mark.parametrize(
        ("row", "field"),
        [
            ({"language": "fr", "name": "Lampe"}, "language"),
            ({"language": "en", "name": "Lamp"}, "language"),
            ({"language": "de", "name": "x" * 201}, "name"),
            ({"language": "de", "options": "Colour = Farbe"}, "options"),
            ({"language": "de", "options": "Linen"}, "options"),
            ({"language": "de", "options": "Linen ="}, "options"),
        ],
    )
    def test_are_refused_on_the_page(self, lamp, row, field):
        _, formset = formset_of(ProductTextInline, lamp, row)

        assert not formset.is_valid()
        assert list(formset.errors[0]) == [field]

    def test_are_for_who_may_change_the_product(self, lamp, settings):
        request, _ = formset_of(ProductTextInline, lamp)
        stranger = RequestFactory().get("/")
        stranger.user = StaffFactory(permissions=["products.view_product"])
        inline = ProductTextInline(Product, admin.site)

        assert inline.has_add_permission(request, lamp)
        assert not inline.has_view_permission(stranger, lamp)
        assert inline.get_max_num(request) == 1
        settings.CATALOGUE_LANGUAGES = ["en"]
        assert not inline.has_view_permission(request, lamp)


def test_of_a_category_are_written_by_the_service():
    lamps = category("Lamps")

    save(CategoryTextInline, lamps, {"language": "de", "name": "Lampen", "description": ""})

    assert list(CategoryText.objects.values_list("category", "language", "name")) == [
        (lamps.pk, "de", "Lampen")
    ]
    assert AuditEntry.objects.get().action == "products.category_text_changed"
