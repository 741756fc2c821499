"""Carts in the admin: read-only; what decides totals is edited here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from cart.admin.forms import CouponForm, ShippingRateForm, TaxRateForm
from cart.models import Cart, CartItem, Coupon, CouponRedemption, ShippingMethod, ShippingRate, TaxRate
from shop.api.admin import ReadOnlyAdmin, money_column
from shop.core.money import percent_text, to_text


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


@admin.register(TaxRate)
class TaxRateAdmin(ModelAdmin):
    form = TaxRateForm
    list_display = ("name", "country", "region", "tax_class", "percent", "on_shipping")
    list_filter = ("country", "tax_class")

    @admin.display(description="rate", ordering="rate")
    def percent(self, rate: TaxRate) -> str:
        return f"{percent_text(rate.rate)} %"


class ShippingRateInline(TabularInline):
    model = ShippingRate
    form = ShippingRateForm
    extra = 0


@admin.register(ShippingMethod)
class ShippingMethodAdmin(ModelAdmin):
    list_display = ("code", "name", "position", "is_active")
    inlines = (ShippingRateInline,)


@admin.register(Coupon)
class CouponAdmin(ModelAdmin):
    form = CouponForm
    list_display = ("code", "name", "kind", "takes_off", "used", "max_uses", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("code", "name")
    readonly_fields = ("used",)

    @admin.display(description="takes off")
    def takes_off(self, coupon: Coupon) -> str:
        if coupon.kind == Coupon.Kind.PERCENT:
            return f"{percent_text(coupon.value)} %"
        if coupon.kind == Coupon.Kind.FIXED:
            return f"{to_text(coupon.value, coupon.currency)} {coupon.currency}"
        return "the shipping"


@admin.register(CouponRedemption)
class CouponRedemptionAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "coupon", "cart", "state")
    list_select_related = ("coupon", "cart")
    list_filter = ("state",)
    ordering = ("-id",)
