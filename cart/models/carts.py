"""What somebody wants to buy."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from cart.models.promotions import Coupon
from shop.core.ids import new_id

MAX_QUANTITY = 999
MAX_LINES = 100
# The name of the state of whoever has no cart.
NO_CART = "no-cart"


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
    # Made for one order that staff place for somebody: beside the shopper's own cart, and never found as theirs.
    by_staff = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    # Whether the shopper chose it; else it goes with the country.
    currency_chosen = models.BooleanField(default=False)
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
    # When it was announced that its shopper hadn't come back; once a cart.
    abandoned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) | ~Q(token_hash=""), name="cart_cart_belongs_to_somebody"
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(status="open", user__isnull=False, by_staff=False),
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
            models.Index(fields=["updated_at"], condition=Q(status="open"), name="cart_open_by_age"),
            models.Index(
                fields=["updated_at"], condition=Q(status__in=["merged", "expired"]), name="cart_ended_by_age"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.status}"

    @property
    def state(self) -> str:
        """The name of the cart as it is now: that of no other cart, and of this one until its next write."""
        return f"cart-{self.pk}-{self.version}"


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


class CartCoupon(models.Model):
    """A code that a shopper put on a cart; it holds nothing until the order is placed."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="coupons")
    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cart", "coupon"], name="cart_cartcoupon_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"
