"""Who customers are at Stripe, where their cards are kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from shop.core.ids import new_id


class StripeCustomer(models.Model):
    """
    One customer of ours at Stripe, made when they first save a card. Of the cards nothing is kept here.

    Stripe is told no name and no address: the row's id is enough to hang cards on.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # Null until Stripe has answered.
    customer_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    # Part of the key that it is made under.
    attempt = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"#{self.pk}"


class CustomerDeletion(models.Model):
    """A customer whom Stripe is to forget, with all cards; nothing here says whose they were."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer_id = models.CharField(max_length=64, unique=True)
    attempts = models.PositiveIntegerField(default=0)
    # The sender's lease, then its pause; by the database's clock.
    not_before = models.DateTimeField(null=True, blank=True)
    requested_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"], condition=Q(done_at__isnull=True), name="payments_customer_to_delete"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
