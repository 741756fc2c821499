"""What a shopper sends back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.core.ids import new_id


class Return(models.Model):
    """
    A wish to send something back, and what became of it.

    Its states move only through ``orders.services.returning``, by ``orders.moves.RETURN_MOVES``; each move raises
    ``version`` and leaves its time. ``amount`` is what is refunded for it, minor units of the order's currency.
    """

    class Status(models.TextChoices):
        """How far it has come."""

        REQUESTED = "requested"
        APPROVED = "approved"
        REJECTED = "rejected"
        RECEIVED = "received"
        REFUNDED = "refunded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="returns")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    version = models.PositiveIntegerField(default=1)
    # What staff tell the shopper with the last step; empty once the order's owner has been erased.
    message = models.CharField(max_length=500, blank=True, default="")
    amount = models.BigIntegerField(null=True)
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    refunded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["requested", "approved", "rejected", "received", "refunded"]),
                name="orders_return_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="refunded", amount__gte=0, refunded_at__isnull=False)
                | (~Q(status="refunded") & Q(amount__isnull=True, refunded_at__isnull=True)),
                name="orders_return_refunded_has_amount",
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"],
                condition=Q(status__in=["requested", "approved", "received"]),
                name="orders_return_open",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.status}"


class ReturnLine(models.Model):
    """How much of a line comes back, why, and what was done with it; ``received`` is null until it is there."""

    back = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey("orders.OrderLine", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    # The shopper's words; empty once they have been erased.
    reason = models.CharField(max_length=200, blank=True, default="")
    received = models.PositiveIntegerField(null=True)
    # What the received units are worth, minor units.
    amount = models.BigIntegerField(null=True)
    # Whether what was received went back to stock; otherwise it was written off.
    restocked = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["back", "line"], name="orders_returnline_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1)
                & (
                    Q(received__isnull=True, restocked__isnull=True, amount__isnull=True)
                    | Q(received__lte=models.F("quantity"), restocked__isnull=False, amount__gte=0)
                ),
                name="orders_returnline_within_request",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.quantity}"
