"""Receipts, numbered without gaps."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.core.ids import new_id


class ReceiptCounter(models.Model):
    """The last number of a series in a year. It moves in the transaction that writes the receipt: no gaps."""

    series = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "year"], name="payments_receiptcounter_once_a_year"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.series}{self.year}"


class Receipt(models.Model):
    """A receipt as it was issued: everything it shows stands in ``document``, so it never changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.OneToOneField("payments.Payment", on_delete=models.PROTECT, related_name="receipt")
    number = models.CharField(max_length=30, unique=True)
    series = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    document = models.JSONField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series", "year", "sequence"], name="payments_receipt_once_a_number"
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="payments_receipt_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"
