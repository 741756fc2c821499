"""What a change of stock means beyond the counters: lists, customers who wait, staff who reorder."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from products.events import ProductRestocked, StockAlertDue, StockLow
from products.models import Product, StockAlert, StockItem
from products.services.availability import refresh_in_stock
from shop.core.transactions import require_transaction
from shop.events.outbox import publish_all

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from products.events import BackVariant, LowVariant
    from shop.events.event import Event


def free(item: StockItem) -> int:
    """Return how many units can still be sold, those on backorder included."""
    return item.on_hand + item.backorder_limit - item.reserved


def room(item: StockItem) -> float:
    """Return how many units can still be sold: without end where nobody counts them."""
    return free(item) if item.tracked else inf


def tell(before: Mapping[int, StockItem], after: Mapping[int, StockItem], *, now: datetime) -> None:
    """
    Keep ``in_stock``, and announce what is back or running low, in the caller's transaction.

    Whatever changed: units, holds, how they are counted, or how many may be sold beyond. Nothing is written and no
    product is locked unless a variant crosses a line: from nothing to something, back, or below what staff asked to be
    told of; or there is more of it, and somebody waits.
    Locks: the products concerned, in order, after the stock of their variants. Emits:
    ``products.product_restocked.v1`` where customers wait, ``products.stock_low.v1``.

    :param before: the stock as it was, by variant id, each with its variant.
    :param after: the stock of those that have changed, as it is.
    """
    require_transaction("tell()")
    rooms = {pk: (room(before[pk]), room(item)) for pk, item in after.items()}
    flipped = [pk for pk, (was, is_now) in rooms.items() if (was > 0) != (is_now > 0)]
    low = [pk for pk, item in after.items() if _became_low(before[pk], item)]
    back = _awaited([pk for pk, (was, is_now) in rooms.items() if is_now > max(was, 0)])
    if not (flipped or low or back):
        return
    product_of = {pk: before[pk].variant.product_id for pk in after}
    products = {product_of[pk] for pk in (*low, *back)}
    if products:
        # All at once and in order: two buyers who cross lines of the same products never wait in a circle.
        _lock_products(products | {product_of[pk] for pk in flipped})
    if flipped:
        refresh_in_stock({product_of[pk] for pk in flipped})
    if products:
        # Of which product, and what is said of its variant.
        said_low: list[tuple[int, LowVariant]] = [
            (product_of[pk], {"variant_id": pk, "available": free(after[pk])}) for pk in low
        ]
        said_back: list[tuple[int, BackVariant]] = [(product_of[pk], {"variant_id": pk}) for pk in back]
        _announce(products, said_low, said_back, now=now)


@transaction.atomic
def serve_waiting(*, variant_id: int, now: datetime) -> int:
    """
    Let the customers who asked first know that a variant is back, as many as there are units; return how many.

    The others go on waiting for the next units.
    Locks: the alerts, then the product. Emits: ``products.stock_alert_due.v1``.
    """
    item = StockItem.objects.select_related("variant").filter(pk=variant_id).first()
    if item is None or item.variant.archived_at is not None:
        return 0
    units = free(item) if item.tracked else None
    if units is not None and units <= 0:
        return 0
    queue = StockAlert.objects.filter(variant=variant_id, notified_at__isnull=True).order_by("pk")
    # A twin waits here and then finds them served; on SQLite a write transaction is alone anyway.
    served = list(queue.select_for_update()[:units])
    if not served:
        return 0
    StockAlert.objects.filter(pk__in=[alert.pk for alert in served]).update(notified_at=now)
    product_id = item.variant.product_id
    last = _raised_versions([product_id], by=len(served))[product_id]
    publish_all(
        (
            StockAlertDue(
                product_id=product_id,
                variant_id=variant_id,
                user_id=alert.user_id,
                alert_id=alert.pk,
                version=last - len(served) + place,
            )
            for place, alert in enumerate(served, start=1)
        ),
        now=now,
    )
    return len(served)


def _announce(
    products: set[int],
    low: list[tuple[int, LowVariant]],
    back: list[tuple[int, BackVariant]],
    *,
    now: datetime,
) -> None:
    """Publish one event a product and kind, in a constant number of statements."""
    versions = _raised_versions(products)
    events: list[Event] = []
    for product_id in sorted(products):
        at: dict[str, int] = {"product_id": product_id, "version": versions[product_id]}
        if is_low := [said for of, said in low if of == product_id]:
            events.append(StockLow(variants=is_low, **at))
        if is_back := [said for of, said in back if of == product_id]:
            events.append(ProductRestocked(variants=is_back, **at))
    publish_all(events, now=now)


def _became_low(before: StockItem, after: StockItem) -> bool:
    least = after.low_stock_threshold
    return least is not None and after.tracked and room(before) > least >= free(after)


def _awaited(variants: list[int]) -> list[int]:
    if not variants:
        return []
    waiting = StockAlert.objects.filter(variant__in=variants, notified_at__isnull=True)
    return list(waiting.order_by("variant").values_list("variant", flat=True).distinct())


def _lock_products(product_ids: set[int]) -> None:
    locked = Product.objects.select_for_update(no_key=True).filter(pk__in=product_ids).order_by("pk")
    list(locked.values_list("pk", flat=True))


def _raised_versions(product_ids: Collection[int], *, by: int = 1) -> dict[int, int]:
    """Return the products' new versions; the rows stay locked until the transaction ends."""
    chosen = Product.objects.filter(pk__in=product_ids)
    chosen.update(version=F("version") + by)
    return dict(chosen.values_list("pk", "version"))
