"""What staff write down about an order."""

from __future__ import annotations

from django.db import models

from shop.core.ids import new_id


class OrderNote(models.Model):
    """A note on an order: for staff alone, or one that its owner may read. Rows are only ever added."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="notes")
    # Empty once the order's owner has been erased.
    text = models.TextField(blank=True)
    visible = models.BooleanField(default=False)
    author_id = models.UUIDField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"#{self.pk}"
