"""What carts hold on a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, OuterRef, Q

from cart.models import Cart, CartCoupon, CartItem
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
    rows = Cart.objects.filter(whose).annotate(
        held_items=JsonList(items, variant=F("variant_id"), sku=F("variant__sku"), quantity=F("quantity")),
        held_coupons=JsonList(coupons, code=F("coupon__code")),
    )
    return [_held(cart) for cart in rows.order_by("created_at", "pk")]


def _held(cart: Any) -> dict[str, Any]:
    values = {name: getattr(cart, name) for name in _FIELDS}
    return {**values, "items": cart.held_items, "coupons": [coupon["code"] for coupon in cart.held_coupons]}
