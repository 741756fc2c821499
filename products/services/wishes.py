"""What customers keep in mind and wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from products.errors import AvailableNow, WishlistFull
from products.models import Product, StockAlert, StockItem, WishlistItem
from products.services.stock_news import free
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

WISHLIST_LIMIT = 500
ALERT_LIMIT = 100


@transaction.atomic
def add_wish(*, user_id: UUID, product_id: int, now: datetime) -> bool:
    """
    Put a product on a wishlist; return False when it stood there already.

    :raises NotFound: shoppers can't see the product.
    :raises WishlistFull: there are 500 already; nothing is written.
    """
    if not Product.objects.visible(now=now).filter(pk=product_id).exists():
        raise NotFound
    wishes = WishlistItem.objects.filter(user=user_id)
    if wishes.count() >= WISHLIST_LIMIT and not wishes.filter(product=product_id).exists():
        raise WishlistFull(limit=WISHLIST_LIMIT)
    _, added = WishlistItem.objects.get_or_create(
        user_id=user_id, product_id=product_id, defaults={"added_at": now}
    )
    return added


@transaction.atomic
def remove_wish(*, user_id: UUID, product_id: int) -> None:
    """Take a product from a wishlist; one that doesn't stand there changes nothing."""
    WishlistItem.objects.filter(user=user_id, product=product_id).delete()


@transaction.atomic
def ask_for_alert(*, user_id: UUID, variant_id: int, now: datetime) -> tuple[StockAlert, bool]:
    """
    Remember that a customer waits for a variant; return the alert, and whether it is new.

    Locks: the stock of the variant, so that what comes in meanwhile isn't missed.

    :raises AvailableNow: it can be bought; nothing is written.
    :raises WishlistFull: the customer waits for 100 variants already; nothing is written.
    """
    item = StockItem.objects.select_for_update().get(pk=variant_id)
    if not item.tracked or free(item) > 0:
        raise AvailableNow
    waiting = StockAlert.objects.filter(user=user_id, notified_at__isnull=True)
    known = waiting.filter(variant=variant_id).first()
    if known is not None:
        return known, False
    if waiting.count() >= ALERT_LIMIT:
        raise WishlistFull(limit=ALERT_LIMIT)
    return StockAlert.objects.create(user_id=user_id, variant_id=variant_id, created_at=now), True


@transaction.atomic
def drop_alert(*, user_id: UUID, variant_id: int) -> None:
    """Stop waiting for a variant; who doesn't wait changes nothing."""
    StockAlert.objects.filter(user=user_id, variant=variant_id, notified_at__isnull=True).delete()


@transaction.atomic
def forget_wishes(*, user_id: UUID) -> None:
    """Delete a person's wishlist and alerts."""
    WishlistItem.objects.filter(user=user_id).delete()
    StockAlert.objects.filter(user=user_id).delete()
