"""Codes in the admin: a list of their own, for there may be a hundred thousand of one promotion."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cart import services
from cart.admin.promotions import held, uses_text
from cart.models import Coupon
from cart.services import CodeData
from shop.api.admin import DeletingAdmin, ServiceForm


class CouponForm(ServiceForm):
    """What staff say of a code."""

    class Meta:
        model = Coupon
        fields = ("promotion", "code", "customer", "max_uses", "is_active")
        labels = {"max_uses": "Orders in all", "is_active": "On"}
        help_texts = {
            "code": "Kept in capitals; shoppers may write it in any case. Many codes for one use each are made on the "
            "page of their promotion.",
            "customer": "Whoever it is for alone. Empty: everybody who has it.",
            "max_uses": "Empty: as often as its promotion allows.",
        }


@admin.register(Coupon)
class CouponAdmin(DeletingAdmin):
    form = CouponForm
    list_display = ("code", "promotion", "batch", "uses", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("promotion",)
    search_fields = ("code__startswith",)
    search_help_text = "The beginning of a code."
    autocomplete_fields = ("promotion", "customer")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        found: QuerySet[Coupon] = super().get_queryset(request)
        return found.annotate(held=held(coupon=OuterRef("pk")))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        # All are kept in capitals, so that a beginning is found by the index.
        return super().get_search_results(request, queryset, search_term.upper())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("promotion", "code", "customer", "max_uses", "is_active", *(("batch", "uses") if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Orders name it, and whoever has it has it in writing.
        return ("promotion", "code", "batch", "uses") if obj else ()

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:  # noqa: FBT001
        said = form.cleaned_data
        customer = said["customer"]
        data = CodeData(
            max_uses=said["max_uses"],
            customer_id=customer.pk if customer else None,
            is_active=said["is_active"],
        )
        doer: dict[str, Any] = {"data": data, "actor_id": request.user.pk, "now": timezone.now()}
        if change:
            services.change_code(code_id=obj.pk, **doer)
            return
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = services.create_code(promotion_id=said["promotion"].pk, code=said["code"], **doer).pk

    def delete_model(self, request: HttpRequest, obj: Coupon) -> None:
        services.delete_code(code_id=obj.pk, actor_id=request.user.pk, now=timezone.now())

    @admin.display(description="orders")
    def uses(self, coupon: Any) -> str:
        return uses_text(coupon.held, coupon.max_uses)
