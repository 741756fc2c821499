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
from shop.api.admin import ReadOnlyAdmin
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
    fields = (
        "sku",
        "name",
        "options",
        "quantity",
        "unit_price",
        "discount_amount",
        "tax_amount",
        "line_total",
    )


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
    list_filter = ("status", "payment_status", "fulfilment_status", "disputed")
    search_fields = ("number", "email", "lines__sku")
    date_hierarchy = "placed_at"
    ordering = ("-placed_at",)
    show_full_result_count = False
    exclude = ("token_version",)
    inlines = (LineInline, AddressInline, MoveInline)
    actions = ("cancel",)

    @admin.display(description="Total")
    def amount(self, order: Order) -> str:
        return f"{to_text(order.total, order.currency)} {order.currency}"

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
