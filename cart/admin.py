"""Carts in the admin: read-only; what decides totals is edited here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from cart.models import Cart, CartItem, Coupon, CouponRedemption, ShippingMethod, ShippingRate, TaxRate
from shop.api.admin import ReadOnlyAdmin


class CartItemInline(TabularInline):
    model = CartItem
    fields = readonly_fields = ("variant", "quantity", "seen_price")
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


@admin.register(TaxRate)
class TaxRateAdmin(ModelAdmin):
    list_display = ("name", "country", "region", "tax_class", "rate", "on_shipping")
    list_filter = ("country", "tax_class")


class ShippingRateInline(TabularInline):
    model = ShippingRate
    extra = 0


@admin.register(ShippingMethod)
class ShippingMethodAdmin(ModelAdmin):
    list_display = ("code", "name", "position", "is_active")
    inlines = (ShippingRateInline,)


@admin.register(Coupon)
class CouponAdmin(ModelAdmin):
    list_display = ("code", "name", "kind", "value", "currency", "used", "max_uses", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("code", "name")
    readonly_fields = ("used",)


@admin.register(CouponRedemption)
class CouponRedemptionAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "coupon", "cart", "state")
    list_select_related = ("coupon", "cart")
    list_filter = ("state",)
    ordering = ("-id",)
