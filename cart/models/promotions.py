"""What lowers a total, who may use it, and how often it was used."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper


class Promotion(models.Model):
    """
    A rule that lowers a total: by itself, or for whoever has one of its codes.

    Without products and categories it is for everything, without groups for everybody. Of ``value``, a percentage
    is in millionths (100000 is 10 %), a fixed amount in minor units of ``currency``; ``buy_x_get_y`` takes these
    millionths off ``get_quantity`` of every ``buy_quantity + get_quantity`` units, the cheapest ones.
    """

    class Kind(models.TextChoices):
        """What it takes off."""

        PERCENT = "percent"
        FIXED = "fixed"
        FREE_SHIPPING = "free_shipping"
        BUY_X_GET_Y = "buy_x_get_y"

    # Shoppers read it.
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    value = models.BigIntegerField(default=0)
    buy_quantity = models.PositiveSmallIntegerField(default=0)
    get_quantity = models.PositiveSmallIntegerField(default=0)
    currency = models.CharField(max_length=3)
    needs_code = models.BooleanField(default=True)
    products = models.ManyToManyField("products.Product", blank=True, related_name="+")
    categories = models.ManyToManyField("products.Category", blank=True, related_name="+")
    groups = models.ManyToManyField("users.CustomerGroup", blank=True, related_name="+")
    first_order = models.BooleanField(default=False)
    # Of what it is for, before any discount.
    min_subtotal = models.BigIntegerField(default=0)
    min_quantity = models.PositiveIntegerField(default=0)
    # The lowest number goes first; one that doesn't combine goes alone, and first among its equals.
    priority = models.PositiveSmallIntegerField(default=100)
    combines = models.BooleanField(default=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    max_uses_each = models.PositiveIntegerField(null=True, blank=True)
    # Counted only while there is a limit: every checkout would wait for this row.
    used = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["percent", "fixed", "free_shipping", "buy_x_get_y"]),
                name="cart_promotion_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(used__lte=F("max_uses")),
                name="cart_promotion_never_overused",
            ),
            models.CheckConstraint(
                condition=Q(value__gte=0)
                & (~Q(kind__in=["percent", "buy_x_get_y"]) | Q(value__lte=1_000_000)),
                name="cart_promotion_value_in_range",
            ),
            models.CheckConstraint(
                condition=~Q(kind="buy_x_get_y") | Q(buy_quantity__gte=1, get_quantity__gte=1),
                name="cart_promotion_buys_and_gets",
            ),
            models.CheckConstraint(condition=Q(min_subtotal__gte=0), name="cart_promotion_min_not_negative"),
        ]
        indexes = [
            models.Index(
                fields=["ends_at"], condition=Q(needs_code=False, is_active=True), name="cart_promotion_auto"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Coupon(models.Model):
    """
    A code for a promotion, in capitals; ``used`` counts redemptions and never passes ``max_uses``.

    One with a customer is theirs alone. ``batch`` names the run that made it, for codes made in bulk.
    """

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="coupons")
    code = models.CharField(max_length=50, unique=True)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    batch = models.CharField(max_length=50, blank=True, default="")
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(used__lte=F("max_uses")),
                name="cart_coupon_never_overused",
            ),
            models.CheckConstraint(
                condition=~Q(code="") & Q(code=Upper("code")), name="cart_coupon_in_capitals"
            ),
        ]
        indexes = [models.Index(fields=["promotion", "batch", "id"], name="cart_coupon_by_batch")]

    def __str__(self) -> str:
        return self.code


class CustomerUses(models.Model):
    """
    How often one customer used a promotion that is limited for each.

    A guest is the digest of the address they gave.
    """

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="customer_uses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    guest = models.CharField(max_length=64, blank=True, default="")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "customer uses"
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, guest="") | (Q(user__isnull=True) & ~Q(guest="")),
                name="cart_customeruses_one_customer",
            ),
            models.UniqueConstraint(
                fields=["promotion", "user"],
                condition=Q(user__isnull=False),
                name="cart_customeruses_once_a_user",
            ),
            models.UniqueConstraint(
                fields=["promotion", "guest"],
                condition=Q(user__isnull=True),
                name="cart_customeruses_once_a_guest",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.used}"


class Redemption(models.Model):
    """A use of a promotion by the order of a cart; given back when that order is cancelled or expires."""

    class State(models.TextChoices):
        """Whether the use counts."""

        HELD = "held"
        RELEASED = "released"

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="redemptions")
    # Empty where it needed no code.
    coupon = models.ForeignKey(
        Coupon, null=True, blank=True, on_delete=models.PROTECT, related_name="redemptions"
    )
    cart = models.ForeignKey("cart.Cart", on_delete=models.PROTECT, related_name="redemptions")
    # The counter of the customer, where there is one.
    uses = models.ForeignKey(
        CustomerUses, null=True, blank=True, on_delete=models.SET_NULL, related_name="redemptions"
    )
    # What it took off, minor units of the cart's currency.
    amount = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "cart"], name="cart_redemption_once_a_cart"),
            models.CheckConstraint(
                condition=Q(state__in=["held", "released"]), name="cart_redemption_known_state"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.state}"
