"""Promotions in the admin, and what was made of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cart import services
from cart.admin.batches import BatchPages
from cart.admin.promotion_form import PromotionForm
from cart.models import Promotion, Redemption
from shop.api.admin import DeletingAdmin, ReadOnlyAdmin, money_column
from shop.core.money import percent_text, to_text
from shop.core.sql import RowCount

# Nobody reads a larger number in a list, and counting further takes long.
MOST_USES = 10_000


def held(**of: Any) -> RowCount:
    """Return the number of uses that count, for a query of what was used; one more than ``MOST_USES`` is any above."""
    return RowCount(Redemption.objects.filter(state=Redemption.State.HELD, **of)[: MOST_USES + 1])


def uses_text(count: int, most: int | None) -> str:
    """Return how often something was used, of how often it may be."""
    said = f"more than {MOST_USES}" if count > MOST_USES else str(count)
    return said if most is None else f"{said} of {most}"


@admin.register(Promotion)
class PromotionAdmin(BatchPages, DeletingAdmin):
    form = PromotionForm
    list_display = ("name", "kind", "takes_off", "needs_code", "window", "uses", "priority", "is_active")
    list_filter = ("is_active", "needs_code", "kind")
    search_fields = ("name",)
    ordering = ("-is_active", "priority", "-pk")
    fieldsets = (
        (
            None,
            {"fields": ("name", "kind", "value", ("buy_quantity", "get_quantity"), "currency", "is_active")},
        ),
        ("For what and whom", {"fields": ("products", "categories", "groups", "first_order")}),
        ("When", {"fields": (("min_subtotal", "min_quantity"), ("starts_at", "ends_at"))}),
        ("How often", {"fields": ("needs_code", ("max_uses", "max_uses_each"))}),
        ("Beside others", {"fields": ("priority", "combines")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promotion]:
        found: QuerySet[Promotion] = super().get_queryset(request)
        return found.annotate(held=held(promotion=OuterRef("pk")))

    def save_model(self, request: HttpRequest, obj: Promotion, form: Any, change: bool) -> None:  # noqa: FBT001
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = services.save_promotion(
            data=form.data_said(),
            promotion_id=obj.pk if change else None,
            actor_id=request.user.pk,
            now=timezone.now(),
        ).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Leave alone what the service has written with the rest."""

    def delete_model(self, request: HttpRequest, obj: Promotion) -> None:
        services.delete_promotion(promotion_id=obj.pk, actor_id=request.user.pk, now=timezone.now())

    @admin.display(description="takes off")
    def takes_off(self, promotion: Promotion) -> str:
        if promotion.kind == Promotion.Kind.PERCENT:
            return f"{percent_text(promotion.value)} %"
        if promotion.kind == Promotion.Kind.FIXED:
            return f"{to_text(promotion.value, promotion.currency)} {promotion.currency}"
        if promotion.kind == Promotion.Kind.FREE_SHIPPING:
            return "the shipping"
        units = f"{promotion.get_quantity} of {promotion.buy_quantity + promotion.get_quantity}"
        return f"{percent_text(promotion.value)} % of {units}"

    @admin.display(description="when", ordering="ends_at")
    def window(self, promotion: Promotion) -> str:
        begin, end = _day(promotion.starts_at), _day(promotion.ends_at)
        return f"{begin or '…'} – {end or '…'}" if begin or end else "always"

    @admin.display(description="orders")
    def uses(self, promotion: Any) -> str:
        return uses_text(promotion.held, promotion.max_uses)


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "promotion", "coupon", "cart_id", "took_off", "state")
    fields = readonly_fields = ("created_at", "promotion", "coupon", "cart", "took_off", "state")
    list_select_related = ("promotion", "coupon", "cart")
    list_filter = ("state",)
    search_fields = ("coupon__code__startswith",)
    search_help_text = "The beginning of a code, in capitals."
    ordering = ("-id",)
    took_off = money_column("amount", "took off", of="cart")


def _day(instant: Any) -> str:
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M}" if instant else ""
