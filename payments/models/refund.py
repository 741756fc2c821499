"""Money on its way back."""

from __future__ import annotations

from typing import TypedDict

from django.db import models
from django.db.models import Q

from shop.core.ids import new_id


class RefundedLine(TypedDict):
    """Units of one of the order's lines, by its id."""

    line: str
    quantity: int


class Refund(models.Model):
    """
    A refund of a payment, one row for each refund at Stripe, wherever it was made.

    ``requested`` is ours alone, ``sent`` is known to Stripe and not through yet. A refund that succeeded can still
    fail days later: the bank sends the money back to the shop. Amounts are minor units of ``currency``.
    """

    class State(models.TextChoices):
        """How far it has come."""

        REQUESTED = "requested"
        SENT = "sent"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    class Reason(models.TextChoices):
        """Why the money goes back."""

        ORDER_CANCELLED = "order_cancelled"
        LINES_CANCELLED = "lines_cancelled"
        RETURNED = "returned"
        NOT_WANTED = "not_wanted"
        STAFF = "staff"
        # Made at Stripe itself, by its dashboard or another program.
        PROVIDER = "provider"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=20, choices=Reason.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    # [{line, quantity}] of the order that it is for; empty where it is for an amount.
    lines = models.JSONField(default=list, blank=True)
    # What took those lines off the order, where the money follows that.
    cancellation_id = models.UUIDField(null=True, blank=True, unique=True)
    # What staff wrote about it.
    note = models.CharField(max_length=200, blank=True, default="")
    stripe_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    actor_id = models.UUIDField(null=True, blank=True)
    # Part of the key it is sent under; raised only once it is sure that the last one made nothing.
    attempt = models.PositiveIntegerField(default=1)
    tries = models.PositiveIntegerField(default=0)
    # The sender's lease, then its pause; by the database's clock.
    not_before = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_refund_of_something"),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "succeeded"]) | Q(stripe_id__isnull=False),
                name="payments_refund_known_to_stripe",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["succeeded", "failed"], finished_at__isnull=False)
                | Q(state__in=["requested", "sent"], finished_at__isnull=True),
                name="payments_refund_finished_when_final",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"], condition=Q(state="requested"), name="payments_refund_to_send"
            ),
            models.Index(fields=["payment"], condition=Q(state="sent"), name="payments_refund_pending"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.state}"
