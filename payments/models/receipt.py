"""Receipts and credit notes, numbered without gaps."""

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
    # The document's hash, and the code on it that proves it genuine; neither on receipts of before.
    digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    code = models.CharField(max_length=32, null=True, blank=True, unique=True)
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


class CreditNote(models.Model):
    """
    What went back of a receipt's money, as it was issued; it never changes.

    Without a refund it is about what was authorized and never taken.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="credit_notes")
    refund = models.OneToOneField(
        "payments.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="credit_note"
    )
    number = models.CharField(max_length=30, unique=True)
    series = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    code = models.CharField(max_length=32, unique=True)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series", "year", "sequence"], name="payments_creditnote_once_a_number"
            ),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(refund__isnull=True), name="payments_creditnote_one_not_taken"
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="payments_creditnote_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"
