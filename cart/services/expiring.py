"""What becomes of carts that nobody comes back to; a batch at a time, each its own transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef

from cart.events import CartAbandoned
from cart.models import Cart, CartItem
from cart.services.forgetting import BLANK
from shop.events.outbox import publish_all

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

# Whoever hasn't come back within a week has bought it elsewhere.
NO_NEWS_AFTER = timedelta(days=7)


@transaction.atomic
def expire_carts(*, of_guests: bool, untouched_since: datetime, limit: int, now: datetime) -> int:
    """
    End open carts, the longest untouched first, and forget where they would have gone; return how many.

    The token of a guest's opens nothing from then on. Locks: the carts; those that somebody has in hand are left out.

    :param of_guests: whether guests' carts are meant, or those of customers.
    :param limit: how many to end at most.
    """
    old = Cart.objects.filter(status=Cart.Status.OPEN, user__isnull=of_guests, updated_at__lt=untouched_since)
    return _still(old, _free(old, limit)).update(
        status=Cart.Status.EXPIRED, updated_at=now, version=F("version") + 1, **BLANK
    )


@transaction.atomic
def delete_ended_carts(*, ended_before: datetime, limit: int) -> int:
    """
    Delete carts that expired or were merged, the oldest first; return how many.

    Never those that became orders. Locks: the carts; those that somebody has in hand are left out.

    :param limit: how many to delete at most.
    """
    old = Cart.objects.filter(
        status__in=(Cart.Status.MERGED, Cart.Status.EXPIRED), updated_at__lt=ended_before
    )
    _, deleted = _still(old, _free(old, limit)).delete()
    return deleted.get(Cart._meta.label, 0)


@transaction.atomic
def announce_abandoned(*, untouched_since: datetime, limit: int, now: datetime) -> int:
    """
    Announce open carts with something in them that weren't touched lately, each once ever; return how many.

    Their version stays, and so does when they were touched. Locks: the carts; those that somebody has in hand are
    left out. Emits: ``cart.cart_abandoned.v1``, one a cart.

    :param untouched_since: until when they were touched last, and at most a week before ``now``.
    :param limit: how many to announce at most.
    """
    left = Cart.objects.filter(
        Exists(CartItem.objects.filter(cart=OuterRef("pk"))),
        status=Cart.Status.OPEN,
        abandoned_at__isnull=True,
        updated_at__lte=untouched_since,
        updated_at__gt=now - NO_NEWS_AFTER,
    )
    ids = _free(left, limit)
    _still(left, ids).update(abandoned_at=now)
    marked = Cart.objects.filter(pk__in=ids, abandoned_at=now).order_by("updated_at", "pk")
    told = [
        CartAbandoned(cart_id=cart.pk, user_id=cart.user_id, version=cart.version, currency=cart.currency)
        for cart in marked.only("user_id", "version", "currency")
    ]
    publish_all(told, now=now)
    return len(told)


def _free(carts: QuerySet[Cart], limit: int) -> list[UUID]:
    """Lock the longest untouched of some carts that nobody has in hand, and return their ids."""
    carts = carts.order_by("updated_at", "pk")
    if connection.features.has_select_for_update_skip_locked:
        # Having found a row that was just changed, PostgreSQL looks at it again as it is now.
        carts = carts.select_for_update(skip_locked=True, of=("self",))
    rows: Any = carts.values_list("pk", flat=True)[:limit]
    return list(rows)


def _still(carts: QuerySet[Cart], ids: list[UUID]) -> QuerySet[Cart]:
    """Return those of these ids that are what was looked for; the condition is the guard, with or without locks."""
    return carts.filter(pk__in=ids)
