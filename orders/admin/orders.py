"""Orders in the admin: found by what customers say, shown whole, moved on by pages of steps."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from orders import services
from orders.admin.filters import DaysFilter, TotalFilter
from orders.admin.goods_pages import GoodsPages
from orders.admin.inlines import AddressInline, LineInline, MoveInline, ReturnInline, ShipmentInline
from orders.admin.staff_pages import NoteInline, StaffPages
from orders.admin.steps import staff
from orders.exports import orders_file
from orders.models import LineCancellation, Order
from orders.selectors.staff import matching
from shop.api.admin import ReadOnlyAdmin, money_column
from shop.core.errors import DomainError
from shop.core.money import to_text
from shop.core.transactions import use_case

_COLOURS = {
    "pending": "warning", "confirmed": "info", "completed": "success", "cancelled": "danger", "expired": "danger",
}  # fmt: skip
_PAYMENT_COLOURS = {
    "unpaid": "warning", "processing": "info", "authorized": "info", "failed": "danger", "paid": "success",
    "partially_refunded": "warning", "refunded": "danger",
}  # fmt: skip
_GOODS_COLOURS = {
    "unfulfilled": "warning", "partial": "info", "shipped": "info", "delivered": "success", "returned": "danger",
}  # fmt: skip
# Of a list, what doesn't narrow it.
_NOT_FILTERS = ("p", "o", "all")


@admin.register(Order)
class OrderAdmin(GoodsPages, StaffPages, ReadOnlyAdmin):
    list_display = (
        "number", "email", "amount", "shown_status", "shown_payment", "shown_goods", "placed_at",
    )  # fmt: skip
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("payment_status", ChoicesDropdownFilter),
        ("fulfilment_status", ChoicesDropdownFilter),
        ("placed_at", DaysFilter),
        TotalFilter,
        ("tax_treatment", ChoicesDropdownFilter),
        "disputed",
    )
    list_filter_submit = True
    search_fields = ("number", "email")
    search_help_text = "The beginning of a number or of an e-mail address, or a whole SKU."
    # What no index is in the order of isn't offered to sort by.
    sortable_by = ("placed_at",)
    ordering = ("-placed_at",)
    inlines = (LineInline, ShipmentInline, ReturnInline, AddressInline, NoteInline, MoveInline)
    actions = ("cancel",)
    actions_list = (*StaffPages.staff_list_actions, "export")
    actions_detail = (*GoodsPages.goods_actions, *StaffPages.staff_actions)
    fieldsets = (
        (None, {"fields": ("number", ("status", "payment_status", "fulfilment_status"), "disputed")}),
        ("Customer", {"fields": ("email", "user", "language", "note", ("terms_version", "age_confirmed"))}),
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

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        said = super().get_fieldsets(request, obj)
        if obj is None or not self._cancelled(obj):
            return said
        return (said[0], ("Cancelled lines", {"fields": ("taken_off",)}), *said[1:])

    @display(description="status", label=_COLOURS)
    def shown_status(self, order: Order) -> str:
        return order.status

    @display(description="payment", label=_PAYMENT_COLOURS)
    def shown_payment(self, order: Order) -> str:
        return order.payment_status

    @display(description="goods", label=_GOODS_COLOURS)
    def shown_goods(self, order: Order) -> str:
        return order.fulfilment_status

    @admin.display(description="cancelled lines")
    def taken_off(self, order: Order) -> str:
        rows = [
            (row.quantity, row.line.sku, to_text(row.amount, order.currency), order.currency, row.reason)
            for row in self._cancelled(order)
        ]
        return format_html_join(mark_safe("<br>"), "{} × {} · {} {} · {}", rows)

    def _cancelled(self, order: Any) -> list[LineCancellation]:
        # The theme asks for a value several times.
        if not hasattr(order, "read_cancellations"):
            rows = LineCancellation.objects.filter(line__order=order).select_related("line")
            order.read_cancellations = list(rows.order_by("at", "line__position"))
        found: list[LineCancellation] = order.read_cancellations
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return matching(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        answer = super().changelist_view(request, extra_context)
        # The file has what the list is narrowed by.
        narrowed = request.GET.copy()
        for name in _NOT_FILTERS:
            narrowed.pop(name, None)
        for button in (getattr(answer, "context_data", None) or {}).get("actions_list", ()):
            if button["path"].rstrip("/").endswith("/export"):
                button["path"] = f"{button['path']}?{narrowed.urlencode()}"
        return answer

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.view_order")

    @action(description="Export", url_path="export", permissions=["export"], icon="download")
    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the orders of the list as a file, all pages of them."""
        try:
            orders = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:orders_order_changelist"))
        now = timezone.now()
        narrowed_by = [name for name in request.GET if request.GET[name]]
        use_case(services.record_export, actor_id=request.user.pk, narrowed_by=narrowed_by, now=now)
        return orders_file(orders, now=now)

    @admin.action(description="Cancel selected orders", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        actor = staff(request, "cancelled in the admin")
        for order in queryset:
            try:
                use_case(services.cancel_order, order_id=order.pk, actor=actor, now=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{order.number}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{order.number} is cancelled.", messages.SUCCESS)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.change_order"))
