"""An order as it was placed, and the history of its states."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from shop.core.ids import new_id


class Order(models.Model):
    """
    What somebody bought, for how much, where it goes.

    Everything above the three states is written once, at placing, and never changes; ``digest`` proves it. The
    states move only through ``orders.services.moving``, which raises ``version`` and writes a history row.
    Amounts are minor units of ``currency``.
    """

    class Status(models.TextChoices):
        """The order itself."""

        PENDING = "pending"
        CONFIRMED = "confirmed"
        COMPLETED = "completed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    class PaymentStatus(models.TextChoices):
        """Its money."""

        UNPAID = "unpaid"
        PROCESSING = "processing"
        AUTHORIZED = "authorized"
        FAILED = "failed"
        PAID = "paid"
        PARTIALLY_REFUNDED = "partially_refunded"
        REFUNDED = "refunded"

    class FulfilmentStatus(models.TextChoices):
        """Its goods."""

        UNFULFILLED = "unfulfilled"
        PARTIAL = "partial"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        RETURNED = "returned"

    class TaxTreatment(models.TextChoices):
        """Why it was taxed as it was."""

        STANDARD = "standard"
        EXPORT = "export"
        REVERSE_CHARGE = "reverse_charge"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True)
    cart = models.OneToOneField("cart.Cart", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Empty once its owner has been erased.
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10)
    note = models.TextField(blank=True, default="")
    currency = models.CharField(max_length=3)
    subtotal = models.BigIntegerField()
    discount_total = models.BigIntegerField()
    shipping_total = models.BigIntegerField()
    shipping_discount = models.BigIntegerField(default=0)
    shipping_tax = models.BigIntegerField(default=0)
    tax_total = models.BigIntegerField()
    tax_added = models.BigIntegerField()
    total = models.BigIntegerField()
    prices_include_tax = models.BooleanField()
    # [{name, rate in millionths, taxable, amount}] in minor units.
    tax_lines = models.JSONField(default=list)
    # Empty where the place wasn't known, as with both below in orders of before they were kept.
    tax_treatment = models.CharField(max_length=20, choices=TaxTreatment.choices, blank=True, default="")
    # How the tax was rounded: "line_half_up" is once a line, half a unit up.
    tax_rounding = models.CharField(max_length=20, blank=True, default="")
    # The buyer's, as its form was checked; empty once its owner has been erased.
    vat_id = models.CharField(max_length=20, blank=True, default="")
    # [{name, code or null, amount}] of the promotions that applied, in their turn; minor units.
    discounts = models.JSONField(default=list, blank=True)
    shipping_method = models.CharField(max_length=50, blank=True, default="")
    shipping_name = models.CharField(max_length=100, blank=True, default="")
    max_days = models.PositiveSmallIntegerField(null=True, blank=True)
    coupons = models.JSONField(default=list, blank=True)
    # What was agreed to at placing: the version of the terms, empty where the shop asked for none, and the highest age
    # that something in it is sold from, in years.
    terms_version = models.CharField(max_length=50, blank=True, default="")
    age_confirmed = models.PositiveSmallIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64)
    placed_at = models.DateTimeField()
    payment_due_at = models.DateTimeField(null=True)

    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    payment_status = models.CharField(
        max_length=20, choices=PaymentStatus.choices, default=PaymentStatus.UNPAID
    )
    fulfilment_status = models.CharField(
        max_length=20, choices=FulfilmentStatus.choices, default=FulfilmentStatus.UNFULFILLED
    )
    disputed = models.BooleanField(default=False)
    refunded_total = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    # Raised to make every link that was mailed for a guest's order useless.
    token_version = models.PositiveIntegerField(default=1)
    external_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    total=F("subtotal") - F("discount_total") + F("shipping_total") + F("tax_added"),
                    total__gte=0,
                    subtotal__gte=0,
                    discount_total__gte=0,
                    shipping_total__gte=0,
                    tax_total__gte=0,
                    tax_added__gte=0,
                    discount_total__lte=F("subtotal") + F("shipping_total"),
                ),
                name="orders_order_total_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(refunded_total__gte=0, refunded_total__lte=F("total")),
                name="orders_order_refunds_within_total",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["pending", "confirmed", "completed", "cancelled", "expired"],
                    payment_status__in=[
                        "unpaid",
                        "processing",
                        "authorized",
                        "failed",
                        "paid",
                        "partially_refunded",
                        "refunded",
                    ],
                    fulfilment_status__in=["unfulfilled", "partial", "shipped", "delivered", "returned"],
                ),
                name="orders_order_states_known",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-placed_at", "-id"], name="orders_of_user"),
            models.Index(fields=["-placed_at", "-id"], name="orders_newest"),
            models.Index(fields=["payment_due_at"], condition=Q(status="pending"), name="orders_due"),
            # A verified address finds what its owner ordered as a guest.
            models.Index(Lower("email"), condition=Q(user__isnull=True), name="orders_guest_email"),
            # The lists of staff, each narrowed by one thing and newest first.
            models.Index(fields=["status", "-placed_at", "-id"], name="orders_by_status"),
            models.Index(fields=["payment_status", "-placed_at", "-id"], name="orders_by_payment"),
            models.Index(fields=["fulfilment_status", "-placed_at", "-id"], name="orders_by_goods"),
            models.Index(fields=["currency", "total"], name="orders_by_total"),
            # What is rare enough that a walk from the newest on would read nearly all.
            models.Index(fields=["-placed_at", "-id"], condition=Q(disputed=True), name="orders_disputed"),
            models.Index(
                fields=["tax_treatment", "-placed_at", "-id"],
                condition=Q(tax_treatment__in=["export", "reverse_charge"]),
                name="orders_tax_free",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"


class OrderLine(models.Model):
    """One variant of an order with its name, price and tax as they were, and how much of it has moved."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    product = models.ForeignKey("products.Product", on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey("products.Variant", on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    options = models.JSONField(default=dict)
    requires_shipping = models.BooleanField()
    quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField()
    line_total = models.BigIntegerField()
    discount_amount = models.BigIntegerField()
    tax_name = models.CharField(max_length=50, blank=True, default="")
    # Millionths.
    tax_rate = models.PositiveIntegerField()
    tax_amount = models.BigIntegerField()
    # Sums of the rows beside the line, kept here so that the database holds them within the quantity.
    shipped = models.PositiveIntegerField(default=0, db_default=0)
    cancelled = models.PositiveIntegerField(default=0, db_default=0)
    returned = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "variant"], name="orders_line_once_a_variant"),
            models.CheckConstraint(
                condition=Q(
                    quantity__gte=1,
                    line_total=F("unit_price") * F("quantity"),
                    discount_amount__gte=0,
                    discount_amount__lte=F("line_total"),
                ),
                name="orders_line_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("shipped") + F("cancelled"), shipped__gte=F("returned")),
                name="orders_line_goods_within_quantity",
            ),
        ]
        # Which orders have a SKU, whatever its case.
        indexes = [models.Index(Lower("sku"), "order", name="orders_line_sku")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.quantity} × {self.sku}"


class OrderAddress(models.Model):
    """Where an order goes or is billed to, copied at placing: the address book may change."""

    class Kind(models.TextChoices):
        """What it is for."""

        SHIPPING = "shipping"
        BILLING = "billing"

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    full_name = models.CharField(max_length=200)
    company = models.CharField(max_length=200, blank=True, default="")
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, blank=True, default="")
    city = models.CharField(max_length=100)
    region = models.CharField(max_length=100, blank=True, default="")
    postal_code = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        verbose_name_plural = "order addresses"
        constraints = [models.UniqueConstraint(fields=["order", "kind"], name="orders_address_one_a_kind")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}"


class OrderMove(models.Model):
    """One step in an order's life on one of its axes. Rows are only ever added; ``version`` has no gaps."""

    class Actor(models.TextChoices):
        """Who caused it."""

        CUSTOMER = "customer"
        GUEST = "guest"
        STAFF = "staff"
        SYSTEM = "system"

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="moves")
    version = models.PositiveIntegerField()
    axis = models.CharField(max_length=20)
    from_state = models.CharField(max_length=20, blank=True, default="")
    to_state = models.CharField(max_length=20)
    actor = models.CharField(max_length=10, choices=Actor.choices)
    actor_id = models.UUIDField(null=True)
    cause = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "version"], name="orders_move_once_a_version")
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.axis}: {self.from_state} → {self.to_state}"
