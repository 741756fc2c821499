"""What staff see of events: read-only, with the few things that can be done about those that didn't get through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils import timezone

from shop.api.admin import ReadOnlyAdmin
from shop.core.transactions import use_case
from shop.events import services
from shop.events.models import DeadLetter, OutboxEvent, ParkedEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class EventAdmin(ReadOnlyAdmin):
    """Shows rows; acting on them takes the permission to change them."""

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"events.change_{self.model._meta.model_name}")


@admin.register(OutboxEvent)
class OutboxEventAdmin(EventAdmin):
    list_display = ("id", "type", "key", "version", "occurred_at", "published_at", "parked_at", "error")
    list_filter = (
        "topic",
        "type",
        ("parked_at", admin.EmptyFieldListFilter),
        ("published_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("key", "event_id")
    ordering = ("-id",)
    actions = ("resend", "drop")

    @admin.action(description="Try to send again", permissions=["act"])
    def resend(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> None:
        def act(number: int) -> None:
            use_case(
                services.resend_outbox_event, row_id=number, actor_id=request.user.pk, now=timezone.now()
            )

        self.each(request, queryset, act, "Sent again soon")

    @admin.action(description="Give up: nobody will hear of it", permissions=["act"])
    def drop(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> None:
        def act(number: int) -> None:
            use_case(services.drop_outbox_event, row_id=number, actor_id=request.user.pk, now=timezone.now())

        self.each(request, queryset, act, "Dropped")


@admin.register(ParkedEvent)
class ParkedEventAdmin(EventAdmin):
    list_display = ("id", "group", "type", "key", "attempts", "parked_at", "next_attempt_at", "error")
    list_filter = ("group", "type")
    search_fields = ("key", "event_id")
    ordering = ("-id",)
    actions = ("retry", "drop")

    @admin.action(description="Retry now", permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[ParkedEvent]) -> None:
        def act(number: int) -> None:
            use_case(services.retry_parked_event, parked_id=number, now=timezone.now())

        self.each(request, queryset, act, "Tried again soon")

    @admin.action(description="Drop: it is never handled", permissions=["act"])
    def drop(self, request: HttpRequest, queryset: QuerySet[ParkedEvent]) -> None:
        def act(number: int) -> None:
            use_case(
                services.drop_parked_event, parked_id=number, actor_id=request.user.pk, now=timezone.now()
            )

        self.each(request, queryset, act, "Dropped")


@admin.register(DeadLetter)
class DeadLetterAdmin(EventAdmin):
    list_display = ("id", "group", "type", "key", "attempts", "died_at", "error")
    list_filter = ("group", "type")
    search_fields = ("key", "event_id")
    ordering = ("-id",)
    actions = ("retry", "drop")

    @admin.action(description="Handle now", permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        def act(number: int) -> None:
            services.retry_dead_letter(letter_id=number, actor_id=request.user.pk, now=timezone.now())

        self.each(request, queryset, act, "Handled")

    @admin.action(description="Drop: it is never handled", permissions=["act"])
    def drop(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        def act(number: int) -> None:
            use_case(
                services.drop_dead_letter, letter_id=number, actor_id=request.user.pk, now=timezone.now()
            )

        self.each(request, queryset, act, "Dropped")
