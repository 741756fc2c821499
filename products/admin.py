"""The catalogue in the admin: plain data is edited here, what has rules goes through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline

from products import services
from products.models import (
    Brand,
    Category,
    Collection,
    Product,
    Reservation,
    StockItem,
    StockMovement,
    Variant,
)
from shop.api.admin import ReadOnlyAdmin
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


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    list_display = ("name", "slug", "category", "brand", "in_stock", "published_at", "archived_at")
    list_select_related = ("category", "brand")
    list_filter = ("in_stock", "category", "brand")
    search_fields = ("name", "slug", "variants__sku")
    fields = (
        "name", "slug", "description", "category", "brand", "tax_class", "option_names", "attributes",
        "published_at", "archived_at", "external_id", "metadata", "in_stock", "rating", "review_count",
    )  # fmt: skip
    readonly_fields = ("slug", "published_at", "archived_at", "in_stock", "rating", "review_count")
    autocomplete_fields = ("category", "brand")
    inlines = (VariantInline,)
    actions = ("archive",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A product without a variant and a price can't be sold: new ones come by the API or an import.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001
        values = {
            name: form.cleaned_data[name] for name in form.changed_data if name in services.PRODUCT_FIELDS
        }
        if "category" in form.changed_data:
            values["category"] = form.cleaned_data["category"].slug
        if "brand" in form.changed_data:
            values["brand"] = form.cleaned_data["brand"].name if form.cleaned_data["brand"] else ""
        services.update_product(product_id=obj.pk, actor_id=request.user.pk, now=timezone.now(), **values)

    @admin.action(description="Archive selected products")
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        for product_id in queryset.values_list("pk", flat=True):
            services.archive_product(product_id=product_id, actor_id=request.user.pk, now=timezone.now())


@admin.register(Variant)
class VariantAdmin(ReadOnlyAdmin):
    list_display = ("sku", "product", "options", "requires_shipping")
    list_select_related = ("product",)
    search_fields = ("sku", "product__name")


@admin.register(StockItem)
class StockItemAdmin(ReadOnlyAdmin):
    list_display = ("variant", "tracked", "on_hand", "reserved", "backorder_limit")
    list_select_related = ("variant",)
    search_fields = ("variant__sku",)


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "variant", "kind", "delta", "reason", "ref")
    list_select_related = ("variant",)
    list_filter = ("kind",)
    search_fields = ("variant__sku", "ref")
    ordering = ("-id",)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "variant", "quantity", "state", "expires_at", "order_ref")
    list_select_related = ("variant",)
    list_filter = ("state",)
    search_fields = ("order_ref",)
    ordering = ("-id",)
