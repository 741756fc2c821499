"""One try to get an order paid."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from shop.core.ids import new_id


class Payment(models.Model):
    """
    One payment of an order: an intent at Stripe, or nothing where nothing is to be paid.

    An order has at most one that is open and at most one that pays it. Money that came and wasn't wanted (twice,
    too late, another amount) is a payment that succeeded without ``pays_order``, beside its ``PaymentException``.
    Amounts are minor units of ``currency``. Of the card only brand and last four digits are kept; the client
    secret never is.
    """

    class Provider(models.TextChoices):
        """Who moves the money."""

        STRIPE = "stripe"
        FREE = "free"

    class Mode(models.TextChoices):
        """Where the customer pays: in the storefront's own form, or on Stripe's page."""

        INTENT = "intent"
        CHECKOUT = "checkout"

    class Status(models.TextChoices):
        """Stripe's own words, except that ``requires_payment`` covers everything before the first confirmation."""

        REQUIRES_PAYMENT = "requires_payment"
        REQUIRES_ACTION = "requires_action"
        PROCESSING = "processing"
        AUTHORIZED = "authorized"
        SUCCEEDED = "succeeded"
        CANCELED = "canceled"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=10, choices=Provider.choices, default=Provider.STRIPE)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.INTENT, db_default=Mode.INTENT)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.REQUIRES_PAYMENT)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # Null until Stripe has answered: the unique index must not count the unknown ones as equal.
    pi_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    # The page at Stripe. Its intent is made, and known here, only once somebody pays there.
    session_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    # Part of the key that the intent or page is made under; raised only once it is sure that the last one made nothing.
    attempt = models.PositiveIntegerField(default=1)
    # Who the customer was at Stripe when this began, so that their saved cards can pay it; empty for most.
    stripe_customer = models.CharField(max_length=64, blank=True, default="", db_default="")
    captured = models.BigIntegerField(default=0)
    pays_order = models.BooleanField(default=False)
    charge_id = models.CharField(max_length=64, blank=True, default="")
    method = models.CharField(max_length=32, blank=True, default="")
    brand = models.CharField(max_length=32, blank=True, default="")
    last4 = models.CharField(max_length=4, blank=True, default="")
    # Stripe's code for why the last try was refused.
    last_error = models.CharField(max_length=64, blank=True, default="")
    # How many tries were refused, as far as they were seen.
    refusals = models.PositiveIntegerField(default=0, db_default=0)
    # Set by whoever wants the intent gone; a sender asks Stripe.
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_attempts = models.PositiveIntegerField(default=0)
    # The sender's lease, then its pause; by the database's clock.
    cancel_not_before = models.DateTimeField(null=True, blank=True)
    # When Stripe was last asked, so that nobody asks too often.
    checked_at = models.DateTimeField(null=True, blank=True)
    # As of when the stored state is true: an answer to an older question must not undo it.
    as_of = models.DateTimeField(null=True, blank=True)
    # Whether the money is authorized first and taken when the goods leave, as the shop had it when this began.
    captures_later = models.BooleanField(default=False, db_default=False)
    authorized_at = models.DateTimeField(null=True, blank=True)
    # When the bank stops holding it.
    capture_before = models.DateTimeField(null=True, blank=True)
    # Of what is authorized, what won't be taken: it was cancelled before it was sent.
    released = models.BigIntegerField(default=0, db_default=0)
    # [{line, quantity}] of the order that this is for, as far as it is for units; a line may stand here twice.
    released_lines = models.JSONField(default=list, db_default=[], blank=True)
    # Set by the first parcel; a sender asks Stripe.
    capture_requested_at = models.DateTimeField(null=True, blank=True)
    # What the sender is asking for; until then it may still become less.
    capture_amount = models.BigIntegerField(null=True, blank=True)
    capture_attempts = models.PositiveIntegerField(default=0, db_default=0)
    # The sender's lease, then its pause; by the database's clock.
    capture_not_before = models.DateTimeField(null=True, blank=True)
    capture_error = models.CharField(max_length=64, blank=True, default="", db_default="")
    succeeded_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=["requires_payment", "requires_action", "processing", "authorized"]),
                name="payments_payment_one_open_an_order",
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(pays_order=True), name="payments_payment_one_pays_an_order"
            ),
            models.CheckConstraint(
                condition=Q(pays_order=False) | Q(status="succeeded"),
                name="payments_payment_pays_when_succeeded",
            ),
            models.CheckConstraint(
                condition=Q(provider="stripe", amount__gt=0)
                | Q(provider="free", amount=0, pi_id__isnull=True, status="succeeded"),
                name="payments_payment_free_is_nothing",
            ),
            models.CheckConstraint(
                condition=Q(status="succeeded", succeeded_at__isnull=False)
                | (~Q(status="succeeded") & Q(succeeded_at__isnull=True, captured=0)),
                name="payments_payment_captured_when_succeeded",
            ),
            models.CheckConstraint(
                condition=Q(status="canceled", canceled_at__isnull=False)
                | (~Q(status="canceled") & Q(canceled_at__isnull=True)),
                name="payments_payment_canceled_at_when_canceled",
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=0), name="payments_payment_captured_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(mode="checkout") | Q(mode="intent", session_id__isnull=True),
                name="payments_payment_session_of_checkout",
            ),
            models.CheckConstraint(
                condition=Q(released=0) | Q(captures_later=True, released__gte=0, released__lte=F("amount")),
                name="payments_payment_released_of_authorized",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="payments_newest"),
            models.Index(
                fields=["checked_at"],
                condition=Q(status__in=["requires_payment", "requires_action", "processing", "authorized"]),
                name="payments_open_by_check",
            ),
            models.Index(
                fields=["cancel_not_before"],
                condition=Q(
                    cancel_requested_at__isnull=False, canceled_at__isnull=True, succeeded_at__isnull=True
                ),
                name="payments_to_cancel",
            ),
            models.Index(
                fields=["capture_not_before"],
                condition=Q(status="authorized", capture_requested_at__isnull=False),
                name="payments_to_capture",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.status}"

    @property
    def is_open(self) -> bool:
        """Whether Stripe may still take money for it."""
        return self.status in OPEN


OPEN = (
    Payment.Status.REQUIRES_PAYMENT,
    Payment.Status.REQUIRES_ACTION,
    Payment.Status.PROCESSING,
    Payment.Status.AUTHORIZED,
)
