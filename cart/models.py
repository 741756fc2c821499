"""Carts, and what decides their totals: tax rates, shipping, coupons."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from shop.core.ids import new_id

MAX_QUANTITY = 999
MAX_LINES = 100


class Cart(models.Model):
    """
    What somebody wants to buy, and where it would go.

    It belongs to a customer or to whoever holds its token. It keeps no price that counts: prices are read from
    the catalogue each time.
    """

    class Status(models.TextChoices):
        """A cart is open until it becomes an order, is merged into another, or expires."""

        OPEN = "open"
        CONVERTED = "converted"
        MERGED = "merged"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, default="", blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=10, default="en")
    country = models.CharField(max_length=2, default="", blank=True)
    region = models.CharField(max_length=100, default="", blank=True)
    postal_code = models.CharField(max_length=20, default="", blank=True)
    shipping_method = models.CharField(max_length=50, default="", blank=True)
    vat_id = models.CharField(max_length=20, default="", blank=True)
    # Raised by each write; the cart's ETag.
    version = models.PositiveIntegerField(default=1)
    # What the last merge or cut changed, shown until the next write.
    notices = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    converted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) | ~Q(token_hash=""), name="cart_cart_belongs_to_somebody"
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(status="open", user__isnull=False),
                name="cart_cart_one_open_a_user",
            ),
            models.UniqueConstraint(
                fields=["token_hash"],
                condition=Q(status="open", user__isnull=True),
                name="cart_cart_one_open_a_token",
            ),
        ]
        indexes = [
            models.Index(fields=["token_hash", "-converted_at"], name="cart_by_token"),
            models.Index(fields=["user", "-converted_at"], name="cart_by_user"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.status}"


class CartItem(models.Model):
    """One variant in a cart; ``seen_price`` is what it cost at the shopper's last write, to tell what changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="items")
    variant = models.ForeignKey("products.Variant", on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()
    seen_price = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_item_once_a_variant"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY), name="cart_item_quantity_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.quantity} × {self.variant_id}"


class TaxRate(models.Model):
    """The tax of a class in a country or one of its regions; ``rate`` is in millionths, 190000 for 19 %."""

    name = models.CharField(max_length=50)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=100, default="", blank=True)
    tax_class = models.CharField(max_length=20, default="standard")
    rate = models.PositiveIntegerField()
    on_shipping = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "region", "tax_class"], name="cart_taxrate_once_a_place"
            ),
            models.CheckConstraint(condition=Q(rate__lte=1_000_000), name="cart_taxrate_at_most_all"),
            models.UniqueConstraint(
                fields=["country", "region"],
                condition=Q(on_shipping=True),
                name="cart_taxrate_one_for_shipping",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name} {self.country}"


class ShippingMethod(models.Model):
    """A way to send things; what it costs depends on where they go."""

    code = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code


class ShippingRate(models.Model):
    """What a method costs to one country in a currency, in minor units, and how long it takes."""

    method = models.ForeignKey(ShippingMethod, on_delete=models.CASCADE, related_name="rates")
    country = models.CharField(max_length=2)
    # Matches the beginning of the postal code; empty for the whole country. The longest match counts.
    postal_prefix = models.CharField(max_length=20, default="", blank=True)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    # The subtotal from which it is free.
    free_from = models.BigIntegerField(null=True, blank=True)
    min_days = models.PositiveSmallIntegerField()
    max_days = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["method", "country", "postal_prefix", "currency"],
                name="cart_shippingrate_once_a_place",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="cart_shippingrate_not_negative"),
            models.CheckConstraint(
                condition=Q(max_days__gte=F("min_days")), name="cart_shippingrate_days_ordered"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.country} {self.amount} {self.currency}"


class Coupon(models.Model):
    """A code that lowers a total; ``used`` counts redemptions and never passes ``max_uses``."""

    class Kind(models.TextChoices):
        """What it takes off."""

        PERCENT = "percent"
        FIXED = "fixed"
        FREE_SHIPPING = "free_shipping"

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # Millionths of the subtotal for a percentage, minor units of ``currency`` for a fixed amount.
    value = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    min_subtotal = models.BigIntegerField(default=0)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
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
                condition=Q(value__gte=0) & (~Q(kind="percent") | Q(value__lte=1_000_000)),
                name="cart_coupon_value_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CartCoupon(models.Model):
    """A code that a shopper put on a cart; it holds nothing until the order is placed."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="coupons")
    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cart", "coupon"], name="cart_cartcoupon_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class CouponRedemption(models.Model):
    """A use of a coupon by the order of a cart; given back when that order ends unpaid."""

    class State(models.TextChoices):
        """Whether the use counts."""

        HELD = "held"
        RELEASED = "released"

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="redemptions")
    cart = models.ForeignKey(Cart, on_delete=models.PROTECT, related_name="redemptions")
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["coupon", "cart"], name="cart_redemption_once_a_cart")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.state}"
