"""Orders in the admin: everything to read, and what staff may do as actions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline

from orders import services
from orders.models import Order, OrderAddress, OrderLine, OrderMove
from orders.services import Actor
from shop.api.admin import ReadOnlyAdmin, money_column
from shop.core.errors import DomainError
from shop.core.money import to_text
from shop.core.transactions import use_case


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("sku", "name", "chosen", "quantity", "price", "discount", "tax", "sum")
    readonly_fields = ("chosen", "price", "discount", "tax", "sum")
    price = money_column("unit_price", "unit price", of="order")
    discount = money_column("discount_amount", "discount", of="order")
    tax = money_column("tax_amount", "tax", of="order")
    sum = money_column("line_total", "total", of="order")

    @admin.display(description="options")
    def chosen(self, line: OrderLine) -> str:
        return ", ".join(f"{name}: {value}" for name, value in line.options.items()) or "–"


class AddressInline(ReadOnlyInline):
    model = OrderAddress
    fields = (
        "kind",
        "full_name",
        "company",
        "line1",
        "line2",
        "postal_code",
        "city",
        "region",
        "country",
        "phone",
    )


class MoveInline(ReadOnlyInline):
    model = OrderMove
    fields = ("version", "axis", "from_state", "to_state", "actor", "cause", "at")
    ordering = ("version",)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("number", "email", "amount", "status", "payment_status", "fulfilment_status", "placed_at")
    list_filter = ("status", "payment_status", "fulfilment_status", "tax_treatment", "disputed")
    search_fields = ("number", "email", "lines__sku")
    date_hierarchy = "placed_at"
    ordering = ("-placed_at",)
    show_full_result_count = False
    inlines = (LineInline, AddressInline, MoveInline)
    actions = ("cancel",)
    fieldsets = (
        (None, {"fields": ("number", ("status", "payment_status", "fulfilment_status"), "disputed")}),
        ("Customer", {"fields": ("email", "user", "language", "note")}),
        (
            "Money",
            {
                "fields": (
                    ("goods", "discount", "shipping"),
                    ("tax", "tax_on_top", "prices_include_tax"),
                    ("tax_treatment", "vat_id", "tax_rounding"),
                    ("amount", "sent_back"),
                    ("coupons", "promotions"),
                )
            },
        ),
        ("Shipping", {"fields": ("shipping_name", "shipping_method", "max_days")}),
        ("When", {"fields": (("placed_at", "payment_due_at"),)}),
        (
            "For integrators",
            {"classes": ("collapse",), "fields": ("id", "external_id", "metadata", "digest")},
        ),
    )
    amount = money_column("total")
    goods = money_column("subtotal")
    discount = money_column("discount_total", "discount")
    shipping = money_column("shipping_total", "shipping")
    tax = money_column("tax_total", "tax")
    tax_on_top = money_column("tax_added", "tax on top")
    sent_back = money_column("refunded_total", "refunded")

    @admin.display(description="discounts")
    def promotions(self, order: Order) -> str:
        rows = [
            f"{one['name']} −{to_text(one['amount'], order.currency)} {order.currency}"
            for one in order.discounts
        ]
        return ", ".join(rows) or "–"

    @admin.action(description="Cancel selected orders", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        actor = Actor(kind=OrderMove.Actor.STAFF, id=request.user.pk, cause="cancelled in the admin")
        for order in queryset:
            try:
                use_case(services.cancel_order, order_id=order.pk, actor=actor, now=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{order.number}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{order.number} is cancelled.", messages.SUCCESS)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.change_order"))
