"""Stock in the admin: who has what, and everything that moved; all of it is written by services alone."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from products.admin.skus import SkuSearch
from products.models import Reservation, StockItem, StockMovement
from shop.api.admin import ReadOnlyAdmin


@admin.register(StockItem)
class StockItemAdmin(SkuSearch, ReadOnlyAdmin):
    variant_path = "variant"
    list_display = ("variant", "tracked", "on_hand", "reserved", "backorder_limit")
    list_select_related = ("variant",)
    search_fields = ("variant__sku",)


@admin.register(StockMovement)
class StockMovementAdmin(SkuSearch, ReadOnlyAdmin):
    variant_path = "variant"
    list_display = ("created_at", "variant", "kind", "delta", "reason", "ref")
    list_select_related = ("variant",)
    list_filter = ("kind",)
    search_fields = ("variant__sku", "ref")
    search_help_text = "The beginning of a SKU, words of the product's name, or what it refers to."
    ordering = ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockMovement], search_term: str
    ) -> tuple[QuerySet[StockMovement], bool]:
        try:
            return queryset.filter(ref=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "variant", "quantity", "state", "expires_at", "order_ref")
    list_select_related = ("variant",)
    list_filter = ("state",)
    search_fields = ("order_ref",)
    ordering = ("-id",)
