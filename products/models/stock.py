"""How much there is, who holds it, and everything that ever moved."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from products.models.catalogue import Variant


class StockItem(models.Model):
    """
    The stock of one variant, narrow because every checkout writes it; every variant has one.

    The checks keep the shop from overselling even when the code above has a bug.
    """

    variant = models.OneToOneField(Variant, on_delete=models.CASCADE, primary_key=True, related_name="stock")
    # Untracked: always available, no reservations, no movements.
    tracked = models.BooleanField(default=True)
    on_hand = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    # How far beyond what is on hand it may be sold.
    backorder_limit = models.PositiveIntegerField(default=0)
    # Staff hear when no more than this many are free; None for never.
    low_stock_threshold = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    reserved__gte=0,
                    on_hand__gte=0 - F("backorder_limit"),
                    reserved__lte=F("on_hand") + F("backorder_limit"),
                ),
                name="products_stockitem_never_oversold",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.on_hand} on hand, {self.reserved} reserved"


class Reservation(models.Model):
    """A hold of an order on a variant; it ends sold or released, once."""

    class State(models.TextChoices):
        """Whether the hold counts, or how it ended."""

        ACTIVE = "active"
        SOLD = "sold"
        RELEASED = "released"

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    # The order's id; orders stand to the left of this app.
    order_ref = models.UUIDField()
    quantity = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    # None while a payment is under way: such a hold isn't given away.
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="products_reservation_holds_something"),
            models.UniqueConstraint(
                fields=["order_ref", "variant"],
                condition=Q(state="active"),
                name="products_reservation_one_active",
            ),
        ]
        indexes = [
            models.Index(fields=["order_ref"], name="products_reservation_order"),
            models.Index(
                fields=["variant", "expires_at"], condition=Q(state="active"), name="products_reservation_due"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.quantity} × {self.variant_id} {self.state}"


class StockMovement(models.Model):
    """One change of what is on hand. Rows are only ever added; they sum up to ``on_hand``."""

    class Kind(models.TextChoices):
        """Why it moved."""

        RECEIPT = "receipt"
        ADJUSTMENT = "adjustment"
        SALE = "sale"
        RESTOCK = "restock"

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    delta = models.BigIntegerField()
    reason = models.CharField(max_length=200, blank=True, default="")
    # The order of a sale, or what caused a restock; with it a movement happens once.
    ref = models.UUIDField(null=True)
    actor_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(delta=0), name="products_movement_moves"),
            models.UniqueConstraint(
                fields=["ref", "variant", "kind"],
                condition=Q(ref__isnull=False),
                name="products_movement_once_a_ref",
            ),
        ]
        indexes = [models.Index(fields=["variant", "id"], name="products_movement_ledger")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.delta:+d} × {self.variant_id}"
