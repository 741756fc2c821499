"""Carts in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from unfold.admin import TabularInline

from cart.models import Cart, CartItem
from shop.api.admin import ReadOnlyAdmin, money_column


class CartItemInline(TabularInline):
    model = CartItem
    fields = readonly_fields = ("variant", "quantity", "seen")
    seen = money_column("seen_price", "price last seen", of="cart")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Cart)
class CartAdmin(ReadOnlyAdmin):
    list_display = ("id", "status", "user_id", "currency", "country", "updated_at")
    list_filter = ("status", "currency")
    search_fields = ("id", "user_id")
    ordering = ("-updated_at",)
    exclude = ("token_hash",)
    inlines = (CartItemInline,)
