"""What customers say and wait for, as it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from products.models import Purchase, Review, StockAlert, WishlistItem

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet


def reviews_of(product_id: int) -> QuerySet[Review]:
    """Return what shoppers may read of a product's reviews, each with its author; one statement."""
    return Review.objects.filter(product=product_id, state=Review.State.PUBLISHED).select_related("user")


def reviews_held(user_id: UUID) -> QuerySet[Review]:
    """Return every review that a person has written, with its product."""
    return Review.objects.filter(user=user_id).select_related("product").order_by("pk")


def purchases_held(user_id: UUID) -> QuerySet[Purchase]:
    """Return every product that a person is known to have bought."""
    return Purchase.objects.filter(user=user_id).select_related("product").order_by("pk")


def wishes_held(user_id: UUID) -> QuerySet[WishlistItem]:
    """Return every product that a person keeps in mind, also what shoppers can't see any more."""
    return WishlistItem.objects.filter(user=user_id).select_related("product").order_by("pk")


def alerts_held(user_id: UUID) -> QuerySet[StockAlert]:
    """Return every variant that a person waits for, or has waited for."""
    return StockAlert.objects.filter(user=user_id).select_related("variant").order_by("pk")
