"""Brands and collections in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from products import services
from products.models import Brand, Collection
from shop.api.admin import DeletingAdmin, ServiceForm

_NOT_INDEXED = "Search finds its products by the new name once “manage.py index_products --all” has run."


class BrandForm(ServiceForm):
    """The name of a brand."""

    class Meta:
        model = Brand
        fields = ("name",)


@admin.register(Brand)
class BrandAdmin(DeletingAdmin):
    form = BrandForm
    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)

    def save_model(self, request: HttpRequest, obj: Brand, form: Any, change: bool) -> None:  # noqa: FBT001
        doer: dict[str, Any] = {"actor_id": request.user.pk, "now": timezone.now()}
        name = form.cleaned_data["name"]
        if not change:
            obj.pk = services.create_brand(name=name, **doer).pk
        elif form.has_changed() and not services.rename_brand(brand_id=obj.pk, name=name, **doer):
            self.message_user(request, _NOT_INDEXED, messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: Brand) -> None:
        services.delete_brand(brand_id=obj.pk, actor_id=request.user.pk, now=timezone.now())


class MemberInline(TabularInline):
    """What is in a collection, a page at a time: put in and taken out, never edited."""

    model = Collection.products.through
    verbose_name, verbose_name_plural = "product", "products"
    fields = ("product",)
    autocomplete_fields = ("product",)
    extra = 0
    per_page = 20
    # Of a row that is nothing but its product.
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("product").order_by("pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("products.view_collection")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("products.change_collection")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("products.change_collection")


class CollectionForm(ServiceForm):
    """What staff say of a collection."""

    slug = forms.SlugField(
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
        help_text="The name of its filter. A new one without is given one.",
    )

    class Meta:
        model = Collection
        fields = ("name", "slug")

    def clean_slug(self) -> str:
        """Return the slug; one that is there stays where none is written."""
        said: str = self.cleaned_data["slug"]
        return said or (self.initial["slug"] if self.instance.pk else "")


@admin.register(Collection)
class CollectionAdmin(DeletingAdmin):
    form = CollectionForm
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    ordering = ("name", "pk")
    inlines = (MemberInline,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        # What is in a collection follows once it is there.
        return super().get_inlines(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: Collection, form: Any, change: bool) -> None:  # noqa: FBT001
        doer: dict[str, Any] = {"actor_id": request.user.pk, "now": timezone.now()}
        said = form.said()
        if not change:
            obj.pk = services.create_collection(**said, **doer).pk
        elif said:
            services.update_collection(ref=form.initial["slug"], **said, **doer)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        formset.save(commit=False)
        added = [row.product_id for row in formset.new_objects]
        removed = [row.product_id for row in formset.deleted_objects]
        if added or removed:
            services.change_members(
                collection_id=form.instance.pk,
                add=added,
                remove=removed,
                actor_id=request.user.pk,
                now=timezone.now(),
            )

    def delete_model(self, request: HttpRequest, obj: Collection) -> None:
        services.delete_collection(slug=obj.slug, actor_id=request.user.pk, now=timezone.now())
