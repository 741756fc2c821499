"""Reviews in the admin: staff say which are shown; nobody writes in another's name."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from products import services
from products.models import Review, StockAlert
from shop.api.admin import ReadOnlyAdmin


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("product", "rating", "title", "user", "verified", "state", "created_at")
    list_filter = ("state", "rating", "verified")
    list_select_related = ("product", "user")
    search_fields = ("title", "text", "product__name", "user__email")
    ordering = ("-pk",)
    actions = ("publish", "reject")

    @admin.action(description="Show selected reviews", permissions=["moderate"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._moderate(request, queryset, publish=True)

    @admin.action(description="Hide selected reviews", permissions=["moderate"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._moderate(request, queryset, publish=False)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("products.change_review")

    def _moderate(self, request: HttpRequest, queryset: QuerySet[Review], *, publish: bool) -> None:
        actor: Any = request.user.pk
        chosen = list(queryset.values_list("pk", flat=True))
        moved = services.moderate(review_ids=chosen, publish=publish, actor_id=actor, now=timezone.now())
        self.message_user(request, f"{moved} changed.")


@admin.register(StockAlert)
class StockAlertAdmin(ReadOnlyAdmin):
    list_display = ("variant", "user", "created_at", "notified_at")
    list_select_related = ("variant", "user")
    search_fields = ("variant__sku", "user__email")
    ordering = ("-pk",)
