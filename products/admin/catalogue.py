"""Categories, brands, collections and products in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from products import services
from products.models import (
    Attribute,
    Brand,
    Category,
    Collection,
    Product,
    Variant,
)
from shop.api.admin import ReadOnlyAdmin, ServiceAdmin
from shop.core.money import to_text


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    list_display = ("name", "slug", "depth")
    search_fields = ("name", "slug")
    ordering = ("path",)


@admin.register(Brand)
class BrandAdmin(ModelAdmin):
    list_display = ("name",)
    search_fields = ("name",)


@admin.register(Collection)
class CollectionAdmin(ModelAdmin):
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    autocomplete_fields = ("products",)


class VariantInline(TabularInline):
    model = Variant
    fields = readonly_fields = ("sku", "options", "price", "on_hand", "reserved", "requires_shipping")
    extra = 0
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return super().get_queryset(request).select_related("stock").prefetch_related("prices")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display
    def price(self, variant: Variant) -> str:
        return ", ".join(f"{to_text(p.amount, p.currency)} {p.currency}" for p in variant.prices.all())

    @admin.display
    def on_hand(self, variant: Variant) -> int:
        return variant.stock.on_hand

    @admin.display
    def reserved(self, variant: Variant) -> int:
        return variant.stock.reserved


class ProductForm(forms.ModelForm):
    """What staff write about a product; it can be bought once it is published and has a variant with a price."""

    published = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget())

    class Meta:
        model = Product
        fields = (
            "name", "description", "category", "brand", "tax_class", "option_names", "attributes", "external_id",
            "metadata",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["published"] = self.instance.published_at is not None

    def changes(self) -> dict[str, Any]:
        """Return what is different, as the services take it."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data}
        if "category" in changed:
            changed["category"] = changed["category"].slug
        if "brand" in changed:
            changed["brand"] = changed["brand"].name if changed["brand"] else ""
        return changed


@admin.register(Product)
class ProductAdmin(ServiceAdmin):
    form = ProductForm
    list_display = ("name", "slug", "category", "brand", "in_stock", "published_at", "archived_at")
    list_select_related = ("category", "brand")
    list_filter = ("in_stock", "category", "brand")
    search_fields = ("name", "slug", "variants__sku")
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", ("category", "brand"), "published")}),
        ("Variants differ by", {"fields": ("option_names", "attributes", "tax_class")}),
        (
            "As shoppers see it",
            {"fields": (("in_stock", "rating", "review_count"), ("published_at", "archived_at"))},
        ),
        ("For integrators", {"classes": ("collapse",), "fields": ("external_id", "metadata")}),
    )
    readonly_fields = ("slug", "published_at", "archived_at", "in_stock", "rating", "review_count")
    autocomplete_fields = ("category", "brand")
    inlines = (VariantInline,)
    actions = ("archive",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001
        doer: dict[str, Any] = {"actor_id": request.user.pk, "now": timezone.now()}
        if change:
            services.update_product(product_id=obj.pk, **doer, **form.changes())
            return
        data = services.ProductData(**{"published": False, **form.changes()})
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = services.create_product(data=data, **doer).pk

    @admin.action(description="Archive selected products")
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        for product_id in queryset.values_list("pk", flat=True):
            services.archive_product(product_id=product_id, actor_id=request.user.pk, now=timezone.now())


class AttributeForm(forms.ModelForm):
    """What staff say of an attribute; each choice stands on a line of its own."""

    choices = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget(), help_text="One a line.")

    class Meta:
        model = Attribute
        fields = ("name", "kind", "unit", "choices", "filterable", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["choices"] = "\n".join(self.instance.choices)

    def clean_choices(self) -> list[str]:
        """Return the lines that say something."""
        return [line.strip() for line in self.cleaned_data["choices"].splitlines() if line.strip()]


@admin.register(Attribute)
class AttributeAdmin(ServiceAdmin):
    form = AttributeForm
    list_display = ("name", "kind", "unit", "filterable", "position")
    list_filter = ("kind", "filterable")
    ordering = ("position", "name")
    search_fields = ("name",)

    def save_model(self, request: HttpRequest, obj: Attribute, form: Any, change: bool) -> None:  # noqa: FBT001
        data = services.AttributeData(**form.cleaned_data)
        doer: dict[str, Any] = {"actor_id": request.user.pk, "now": timezone.now()}
        obj.pk = services.save_attribute(data=data, attribute_id=obj.pk if change else None, **doer).pk

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # One by one only: what is in use is refused by the service.
        return obj is not None and super().has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: Attribute) -> None:
        services.delete_attribute(attribute_id=obj.pk, actor_id=request.user.pk, now=timezone.now())
