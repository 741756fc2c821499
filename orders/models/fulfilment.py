"""What was sent of an order, and what never will be."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shop.core.ids import new_id


class Carrier(models.Model):
    """A carrier that the shop knows, and where a parcel of it can be followed. A row of settings."""

    code = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100, unique=True)
    # An https address with ``{number}`` in it; empty where parcels can't be followed.
    tracking_pattern = models.CharField(max_length=300, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(tracking_pattern="")
                | Q(tracking_pattern__startswith="https://", tracking_pattern__contains="{number}"),
                name="orders_carrier_pattern_is_a_link",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"


class Shipment(models.Model):
    """
    A parcel of an order: written when it is handed to a carrier, never taken back.

    ``carrier`` is what staff wrote; the address to follow it by is that of the pattern at the time. ``version`` is 1
    when it was sent and 2 when it has arrived.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="shipments")
    position = models.PositiveSmallIntegerField()
    carrier = models.CharField(max_length=100)
    carrier_name = models.CharField(max_length=100)
    tracking_number = models.CharField(max_length=100, blank=True, default="")
    tracking_url = models.CharField(max_length=500, blank=True, default="")
    shipped_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    actor_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_shipment_once_a_position"),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True, version=1) | Q(delivered_at__isnull=False, version=2),
                name="orders_shipment_version_says_delivered",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.carrier_name}"


class ShipmentLine(models.Model):
    """How much of an order's line a parcel holds."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey("orders.OrderLine", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "line"], name="orders_shipmentline_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="orders_shipmentline_of_something"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.quantity}"


class LineCancellation(models.Model):
    """
    Units of a line that staff took off a confirmed order; their stock went back under ``ref``.

    Rows of one act share a ``ref``. ``amount`` is what goes back for them, minor units of the order's currency.
    """

    ref = models.UUIDField()
    line = models.ForeignKey("orders.OrderLine", on_delete=models.CASCADE, related_name="cancellations")
    quantity = models.PositiveIntegerField()
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=200, blank=True, default="")
    actor_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ref", "line"], name="orders_linecancellation_once_an_act"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, amount__gte=0), name="orders_linecancellation_of_something"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.quantity}"
