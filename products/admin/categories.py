"""The tree of categories in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextInputWidget

from products import services
from products.admin.product_form import category_field
from products.admin.texts import CategoryTextInline, WritesTexts
from products.models import Category
from shop.api.admin import DeletingAdmin, ServiceForm


class CategoryForm(ServiceForm):
    """What staff say of a category, and where it stands."""

    slug = forms.SlugField(
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
        help_text="The end of its address, and the name of its filter. A new one without is given one.",
    )
    parent = category_field(
        required=False,
        label="Below",
        help_text="Empty: at the top of the tree. What is below it moves along.",
    )

    class Meta:
        model = Category
        fields = ("name", "slug", "parent", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["parent"] = Category.objects.get_parent(self.instance) if self.instance.pk else None

    def clean_slug(self) -> str:
        """Return the slug; one that is there stays where none is written."""
        said: str = self.cleaned_data["slug"]
        return said or (self.initial["slug"] if self.instance.pk else "")

    def changes(self) -> dict[str, Any]:
        """Return what is different, as the services take it."""
        found = self.said()
        if "parent" in found:
            found["parent"] = found["parent"].slug if found["parent"] else None
        return found


@admin.register(Category)
class CategoryAdmin(WritesTexts, DeletingAdmin):
    form = CategoryForm
    list_display = ("in_tree", "slug")
    list_display_links = ("in_tree",)
    search_fields = ("name", "slug")
    sortable_by = ()
    ordering = ("path",)
    inlines = (CategoryTextInline,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        # What belongs to a category follows once it is there.
        return super().get_inlines(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            doer: dict[str, Any] = {"actor_id": request.user.pk, "now": timezone.now()}
            if changes := form.changes():
                services.update_category(ref=form.initial["slug"], **doer, **changes)
            return
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = services.create_category(**form.changes()).pk

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        services.delete_category(slug=obj.slug, actor_id=request.user.pk, now=timezone.now())

    @admin.display(description="name")
    def in_tree(self, category: Category) -> str:
        return format_html(
            '<span style="padding-inline-start: {}rem">{}</span>', 1.5 * (category.depth - 1), category.name
        )
