"""The mail that was sent, waits or was given up: to look at and to send again, never to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.utils import timezone

from notifications import services
from notifications.models import EmailMessage
from notifications.template_admin import MailTemplateAdmin
from shop.api.admin import ReadOnlyAdmin
from shop.core.errors import DomainError
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

__all__ = ["EmailMessageAdmin", "MailTemplateAdmin"]


@admin.register(EmailMessage)
class EmailMessageAdmin(ReadOnlyAdmin):
    """The log of mail."""

    list_display = (
        "created_at",
        "template",
        "state",
        "recipient_kind",
        "sent_to",
        "attempts",
        "sent_at",
        "error",
    )
    list_filter = ("state", "template", "recipient_kind")
    search_fields = ("order_id", "recipient_ref", "message_id")
    search_help_text = "The id of an order, of a customer, or a Message-ID"
    ordering = ("-id",)
    list_per_page = 50
    actions = ("send_again",)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("notifications.resend_emailmessage"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        # Exact look-ups, which the indexes answer; ids are pasted, not typed.
        term = search_term.strip()
        if not term:
            return queryset, False
        found = queryset.filter(recipient_ref=term) | queryset.filter(message_id=term)
        order_id = _uuid(term)
        return (found | queryset.filter(order_id=order_id) if order_id else found), False

    @admin.action(description="Send again", permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[EmailMessage]) -> None:
        sent = 0
        for message_id in queryset.values_list("pk", flat=True):
            try:
                use_case(services.resend, message_id=message_id, actor_id=request.user.pk, now=timezone.now())
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                sent += 1
        if sent:
            self.message_user(request, f"{sent} sent again.")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
