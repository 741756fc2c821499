"""Stock in the admin: who has what, and everything that moved; all of it is written by services alone."""

from __future__ import annotations

from django.contrib import admin

from products.models import Reservation, StockItem, StockMovement
from shop.api.admin import ReadOnlyAdmin


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
