"""Payments in the admin: to look at, with the two things that staff can do about money."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from payments import services
from payments.models import (
    CreditNote,
    Dispute,
    Payment,
    PaymentException,
    Receipt,
    Reconciliation,
    Refund,
    StripeEvent,
)
from shop.api.admin import ReadOnlyAdmin, money_column
from shop.core.transactions import use_case


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("id", "order", "status", "pays_order", "amount", "currency", "method", "created_at")
    list_filter = ("status", "provider", "currency")
    list_select_related = ("order",)
    search_fields = ("pi_id", "order__number")
    ordering = ("-created_at",)
    actions = ("refund_fully",)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.add_refund")

    @admin.action(description="Refund all that is left", permissions=["refund"])
    def refund_fully(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        def act(key: Any) -> None:
            use_case(
                services.request_refund,
                payment_id=key,
                amount=None,
                reason=Refund.Reason.STAFF,
                actor_id=request.user.pk,
                now=timezone.now(),
            )

        self.each(request, queryset, act, "Refunds on their way")


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "payment_id",
        "amount",
        "currency",
        "state",
        "reason",
        "note",
        "tries",
        "error",
        "created_at",
    )
    list_filter = ("state", "reason")
    search_fields = ("stripe_id",)
    ordering = ("-created_at",)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = (
        "evidence_due_by",
        "order",
        "state",
        "is_inquiry",
        "amount",
        "reason",
        "status",
        "opened_at",
        "closed_at",
    )
    list_filter = ("state", "is_inquiry", "reason")
    list_select_related = ("payment__order",)
    search_fields = ("stripe_id", "payment__order__number")
    # What is still to be answered comes first, the most urgent on top.
    ordering = (F("closed_at").desc(nulls_first=True), "evidence_due_by")
    amount = money_column("amount")

    @admin.display(ordering="payment__order__number")
    def order(self, row: Dispute) -> str:
        return str(row.payment.order)


@admin.register(PaymentException)
class PaymentExceptionAdmin(ReadOnlyAdmin):
    list_display = ("opened_at", "kind", "state", "payment_id", "pi_id", "amount", "currency", "resolved_at")
    list_filter = ("state", "kind")
    search_fields = ("pi_id",)
    ordering = ("-opened_at",)
    actions = ("resolve",)

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_paymentexception")

    @admin.action(description="Mark as dealt with", permissions=["resolve"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[PaymentException]) -> None:
        def act(key: Any) -> None:
            use_case(
                services.resolve_exception, exception_id=key, actor_id=request.user.pk, now=timezone.now()
            )

        self.each(request, queryset, act, "Dealt with")


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "left_open", "repaired", "found", "since", "fixing", "finished_at", "error")
    list_filter = ("fixing",)
    ordering = ("-started_at",)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "type", "received_at", "processed_at", "ignored", "attempts", "error")
    list_filter = ("type", ("processed_at", admin.EmptyFieldListFilter), "ignored")
    search_fields = ("id", "pi_id")
    ordering = ("-received_at",)


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnlyAdmin):
    list_display = ("number", "payment_id", "refund_id", "issued_at")
    list_filter = ("series", "year")
    search_fields = ("number",)
    ordering = ("-issued_at",)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    list_display = ("number", "payment_id", "issued_at")
    list_filter = ("series", "year")
    search_fields = ("number",)
    ordering = ("-issued_at",)
