"""What carts hold on a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, OuterRef, Q

from cart.models import Cart, CartCoupon, CartItem, Coupon, CustomerUses, Redemption
from cart.selectors.rules import instant
from shop.core.money import to_text
from shop.core.sql import JsonList

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

_FIELDS = (
    "id", "status", "currency", "language", "country", "region", "postal_code", "shipping_method", "vat_id",
    "created_at", "updated_at", "converted_at",
)  # fmt: skip


def count_carts(*, user_id: UUID) -> dict[str, int]:
    """Return how many carts a customer has, by their status."""
    return dict(Cart.objects.filter(user_id=user_id).values_list("status").annotate(Count("pk")))


def carts_held(*, user_id: UUID | None = None, cart_ids: Collection[UUID] = ()) -> list[dict[str, Any]]:
    """
    Return everything that a customer's carts say, oldest first, and guests' carts by their ids.

    :param cart_ids: guests' carts that became orders which an account has taken over.
    """
    guests = Q(user__isnull=True, pk__in=cart_ids)
    whose = guests if user_id is None else Q(user_id=user_id) | guests
    items = CartItem.objects.filter(cart=OuterRef("pk")).order_by("pk")
    coupons = CartCoupon.objects.filter(cart=OuterRef("pk")).order_by("pk")
    uses = Redemption.objects.filter(cart=OuterRef("pk")).order_by("pk")
    rows = Cart.objects.filter(whose).annotate(
        held_items=JsonList(items, variant=F("variant_id"), sku=F("variant__sku"), quantity=F("quantity")),
        held_coupons=JsonList(coupons, code=F("coupon__code")),
        held_uses=JsonList(
            uses,
            promotion=F("promotion__name"),
            code=F("coupon__code"),
            amount=F("amount"),
            state=F("state"),
            at=F("created_at"),
        ),
    )
    return [_held(cart) for cart in rows.order_by("created_at", "pk")]


def codes_held(*, user_id: UUID) -> list[dict[str, Any]]:
    """Return the codes that are a customer's alone, oldest first."""
    used = Exists(Redemption.objects.filter(coupon=OuterRef("pk")))
    rows = Coupon.objects.filter(customer_id=user_id).annotate(was_used=used).select_related("promotion")
    return [
        {
            "code": row.code,
            "promotion": row.promotion.name,
            "max_uses": row.max_uses,
            "used": row.was_used,
            "is_active": row.is_active,
        }
        for row in rows.order_by("pk")
    ]


def count_codes(*, user_id: UUID) -> int:
    """Return how many of a customer's own codes no order has used."""
    return Coupon.objects.filter(customer_id=user_id, redemptions__isnull=True).count()


def uses_held(*, user_id: UUID) -> list[dict[str, Any]]:
    """Return how often a customer used the promotions that count it."""
    rows = CustomerUses.objects.filter(user_id=user_id).select_related("promotion").order_by("pk")
    return [{"promotion": row.promotion.name, "used": row.used} for row in rows]


def _held(cart: Any) -> dict[str, Any]:
    values = {name: getattr(cart, name) for name in _FIELDS}
    uses = [
        {**use, "amount": to_text(use["amount"], cart.currency), "at": instant(use["at"])}
        for use in cart.held_uses
    ]
    codes = [coupon["code"] for coupon in cart.held_coupons]
    return {**values, "items": cart.held_items, "coupons": codes, "promotions": uses}
