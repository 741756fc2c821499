"""Money that a cardholder wants back through the bank."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.core.ids import new_id


class Dispute(models.Model):
    """
    A dispute about a payment, one row for each at Stripe. It never moves stock, and its evidence is given at Stripe.

    The bank takes the money when it opens one, and gives it back when the shop wins; while it only inquires
    (``is_inquiry``) the money stays. Amounts are minor units of ``currency``.
    """

    class State(models.TextChoices):
        """How it stands; an inquiry that is closed was won."""

        OPENED = "opened"
        WON = "won"
        LOST = "lost"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(max_length=64, unique=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # Both are Stripe's own words.
    reason = models.CharField(max_length=50, blank=True, default="")
    status = models.CharField(max_length=30)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPENED)
    is_inquiry = models.BooleanField(default=False)
    # Until when Stripe takes evidence; without any the dispute is lost then.
    evidence_due_by = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    # As of when the stored state is true: an answer to an older question must not undo it.
    as_of = models.DateTimeField()
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="payments_dispute_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(state="opened", closed_at__isnull=True)
                | Q(state__in=["won", "lost"], closed_at__isnull=False),
                name="payments_dispute_closed_at_when_closed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["evidence_due_by"], condition=Q(state="opened"), name="payments_dispute_open_by_due"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.stripe_id} {self.state}"
