"""Money that doesn't match."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.core.ids import new_id


class PaymentException(models.Model):
    """
    Money that isn't where it should be, as work for staff; at most one for each intent, and for each refund.

    Beside that an authorization may have one open of each of its kinds.

    ``amount`` is in minor units of ``currency``, both as Stripe says them.
    """

    class Kind(models.TextChoices):
        """What doesn't match."""

        AMOUNT_MISMATCH = "amount_mismatch"
        CURRENCY_MISMATCH = "currency_mismatch"
        ORDER_CANCELLED = "order_cancelled"
        OUT_OF_STOCK = "out_of_stock"
        UNKNOWN_ORDER = "unknown_order"
        DUPLICATE_PAYMENT = "duplicate_payment"
        LIVEMODE_MISMATCH = "livemode_mismatch"
        REFUND_FAILED = "refund_failed"
        UNRECONCILED = "unreconciled"
        CAPTURE_FAILED = "capture_failed"
        AUTHORIZATION_ENDING = "authorization_ending"
        AUTHORIZATION_LOST = "authorization_lost"

    class State(models.TextChoices):
        """Whether somebody still has to look."""

        OPEN = "open"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    payment = models.ForeignKey(
        "payments.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="exceptions"
    )
    refund = models.ForeignKey(
        "payments.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="exceptions"
    )
    pi_id = models.CharField(max_length=64, blank=True, default="")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pi_id"],
                condition=Q(refund__isnull=True)
                & ~Q(pi_id="")
                & ~Q(kind__in=["capture_failed", "authorization_ending", "authorization_lost"]),
                name="payments_exception_one_an_intent",
            ),
            # Money that isn't here yet: another matter than whether it is right once it is.
            models.UniqueConstraint(
                fields=["payment", "kind"],
                condition=Q(
                    kind__in=["capture_failed", "authorization_ending", "authorization_lost"], state="open"
                ),
                name="payments_exception_one_open_an_authorization",
            ),
            models.UniqueConstraint(
                fields=["refund"], condition=Q(refund__isnull=False), name="payments_exception_one_a_refund"
            ),
            models.CheckConstraint(
                condition=Q(kind="refund_failed", refund__isnull=False)
                | (~Q(kind="refund_failed") & Q(refund__isnull=True)),
                name="payments_exception_names_its_refund",
            ),
            models.CheckConstraint(
                condition=Q(state="open", resolved_at__isnull=True)
                | Q(state="resolved", resolved_at__isnull=False),
                name="payments_exception_resolved_at_when_resolved",
            ),
        ]
        indexes = [
            models.Index(fields=["opened_at"], condition=Q(state="open"), name="payments_exception_open"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}"
