"""What an order's page shows beside its own row; all of it to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import TabularInline
from unfold.decorators import display

from orders.models import OrderAddress, OrderLine, OrderMove, Return, Shipment
from orders.services.goods import open_quantity
from shop.api.admin import money_column

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

LINK = '<a class="font-medium text-primary-600 dark:text-primary-500" href="{}">{}</a>'
OUTSIDE = LINK.replace("<a ", '<a target="_blank" rel="noopener noreferrer" ')
RETURN_COLOURS = {
    "requested": "warning", "approved": "info", "received": "warning", "rejected": "danger", "refunded": "success",
}  # fmt: skip


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Who may see an order may see all of it.
        return request.user.has_perm("orders.view_order") or request.user.has_perm("orders.change_order")


class LineInline(ReadOnlyInline):
    model = OrderLine
    ordering = ("position",)
    fields = (
        "sku", "name", "chosen", "quantity", "still_open", "shipped", "cancelled", "returned", "price", "discount",
        "tax", "sum",
    )  # fmt: skip
    readonly_fields = ("chosen", "still_open", "price", "discount", "tax", "sum")
    price = money_column("unit_price", "unit price", of="order")
    discount = money_column("discount_amount", "discount", of="order")
    tax = money_column("tax_amount", "tax", of="order")
    sum = money_column("line_total", "total", of="order")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        # Amounts are in the order's currency.
        return super().get_queryset(request).select_related("order")

    @admin.display(description="options")
    def chosen(self, line: OrderLine) -> str:
        return ", ".join(f"{name}: {value}" for name, value in line.options.items()) or "–"

    @admin.display(description="to send")
    def still_open(self, line: OrderLine) -> str:
        return str(open_quantity(line)) if line.requires_shipping else "–"


class AddressInline(ReadOnlyInline):
    model = OrderAddress
    fields = (
        "kind", "full_name", "company", "line1", "line2", "postal_code", "city", "region", "country", "phone",
    )  # fmt: skip


class ShipmentInline(ReadOnlyInline):
    model = Shipment
    verbose_name_plural = "parcels"
    ordering = ("position",)
    fields = readonly_fields = (
        "position", "carrier_name", "contents", "followed", "shipped_at", "delivered_at", "slip",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shipment]:
        return super().get_queryset(request).prefetch_related("lines__line")

    @admin.display
    def contents(self, parcel: Shipment) -> str:
        return ", ".join(f"{row.quantity} × {row.line.sku}" for row in parcel.lines.all())

    @admin.display(description="tracking")
    def followed(self, parcel: Shipment) -> str:
        if not parcel.tracking_url:
            return parcel.tracking_number or "–"
        return format_html(OUTSIDE, parcel.tracking_url, parcel.tracking_number)

    @admin.display(description="packing slip")
    def slip(self, parcel: Shipment) -> str:
        page = reverse("admin:orders_order_packing_slip", args=(parcel.order_id, parcel.pk))
        return format_html(OUTSIDE, page, "PDF")


class ReturnInline(ReadOnlyInline):
    model = Return
    ordering = ("requested_at", "pk")
    fields = readonly_fields = ("to_page", "shown_status", "contents", "refunded", "requested_at", "message")
    refunded = money_column("amount", "refunded", of="order")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Return]:
        return super().get_queryset(request).select_related("order").prefetch_related("lines__line")

    @admin.display(description="return")
    def to_page(self, back: Return) -> str:
        return format_html(LINK, reverse("admin:orders_return_change", args=(back.pk,)), "Open")

    @display(description="status", label=RETURN_COLOURS)
    def shown_status(self, back: Return) -> str:
        return back.status

    @admin.display
    def contents(self, back: Return) -> str:
        return ", ".join(f"{row.quantity} × {row.line.sku}" for row in back.lines.all())


class MoveInline(ReadOnlyInline):
    model = OrderMove
    verbose_name_plural = "history"
    fields = ("version", "axis", "from_state", "to_state", "actor", "cause", "at")
    ordering = ("version",)
