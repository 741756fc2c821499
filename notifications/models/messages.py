"""Every message the shop owes somebody, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from shop.core.ids import new_id


class EmailMessageQuerySet(models.QuerySet["EmailMessage"]):
    """Filters over messages."""

    def due(self, now: datetime) -> EmailMessageQuerySet:
        """Keep what waits for a sender and whose time has come."""
        waiting = (EmailMessage.State.PENDING, EmailMessage.State.RETRY)
        return self.filter(state__in=waiting, next_attempt_at__lte=now)

    def abandoned(self) -> EmailMessageQuerySet:
        """Keep what a sender took and didn't finish in time, by the database's clock."""
        return self.filter(state=EmailMessage.State.SENDING, lease_until__lt=Now())

    def held_by(self, holder: str) -> EmailMessageQuerySet:
        """Keep what one claim of one sender holds."""
        return self.filter(state=EmailMessage.State.SENDING, lease_holder=holder)


class EmailMessage(models.Model):
    """
    One mail to one recipient because of one event.

    Address, name, language and tokens are read when it is sent, so the row says who (a reference) and about what
    (ids and plain facts of the event), never where to. What is kept of the address after sending is a shortened
    form for support and a keyed hash for finding it again.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        RETRY = "retry"
        DEAD = "dead"

    class RecipientKind(models.TextChoices):
        USER = "user"
        ORDER = "order"
        # A row that holds an address which is about to vanish, such as users.EmailChange.
        ADDRESS_ROW = "address_row"
        STAFF = "staff"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event_id = models.UUIDField()
    template = models.CharField(max_length=50)
    recipient_kind = models.CharField(max_length=20, choices=RecipientKind)
    recipient_ref = models.CharField(max_length=64)
    # The order whose timeline shows this message.
    order_id = models.UUIDField(null=True)
    context_ref = models.JSONField(default=dict)
    # A message sent again is a row of its own.
    resend_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    first_attempt_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_holder = models.CharField(max_length=64, default="", blank=True)
    error = models.TextField(default="", blank=True)

    # Kept from the start: were it made at sending, a changed setting would give a repeated attempt another one.
    message_id = models.CharField(max_length=255, unique=True)
    provider_message_id = models.CharField(max_length=255, default="", blank=True)
    language = models.CharField(max_length=10, default="", blank=True)
    sent_to = models.CharField(max_length=40, default="", blank=True)
    sent_to_hash = models.CharField(max_length=64, default="", blank=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = EmailMessageQuerySet.as_manager()

    class Meta:
        permissions = [("resend_emailmessage", "Can send a message again")]
        constraints = [
            models.UniqueConstraint(
                fields=["event_id", "template", "recipient_ref"], name="notifications_message_once_an_event"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "sending", "sent", "retry", "dead"]),
                name="notifications_message_state_known",
            ),
            models.CheckConstraint(
                condition=Q(recipient_kind__in=["user", "order", "address_row", "staff"]),
                name="notifications_message_recipient_known",
            ),
            models.CheckConstraint(
                condition=~Q(recipient_ref="") & ~Q(recipient_ref__contains="@"),
                name="notifications_message_no_address",
            ),
            models.CheckConstraint(
                condition=(Q(state="sending", lease_until__isnull=False) & ~Q(lease_holder=""))
                | (~Q(state="sending") & Q(lease_until__isnull=True, lease_holder="")),
                name="notifications_message_lease_while_sending",
            ),
            models.CheckConstraint(
                condition=(Q(state="sent", sent_at__isnull=False) & ~Q(language=""))
                | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="notifications_message_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="dead") | ~Q(error=""), name="notifications_message_dead_has_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=["pending", "retry"]),
                name="notifications_message_due",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="sending"), name="notifications_message_leases"
            ),
            models.Index(fields=["id"], condition=Q(state="dead"), name="notifications_message_dead"),
            models.Index(
                fields=["order_id", "id"],
                condition=Q(order_id__isnull=False),
                name="notifications_message_order",
            ),
            models.Index(fields=["recipient_ref"], name="notifications_message_to"),
            models.Index(
                fields=["sent_to_hash"], condition=~Q(sent_to_hash=""), name="notifications_message_sent_to"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.template} {self.state}"

    def fact(self, name: str) -> Any:
        """Return what the event said, or None where it didn't."""
        return self.context_ref.get(name)
