"""Many counts of stock at once: the ledger, and what it means for lists and for those who wait."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from products.models import StockItem, StockMovement
from products.services.availability import refresh_in_stock
from products.services.bulk.rows import update
from products.services.stock_news import free, tell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from products.services.bulk.wanted import WantedProduct, WantedVariant

REASON = "import"


def sells(one: WantedVariant) -> bool:
    """Tell whether a variant will have units to sell."""
    return not one.stock.tracked or free(one.stock) + one.delta > 0


def write_stock(wanted: Sequence[WantedProduct], *, actor_id: UUID | None, now: datetime) -> None:
    """Write how many there are and how that is counted; the stock of variants that exist is locked."""
    variants = sorted((one for product in wanted for one in product.variants), key=lambda one: one.variant.pk)
    made = [_counted(one) for one in variants if one.new]
    StockItem.objects.bulk_create(made)
    changed = [one for one in variants if not one.new and (one.policy or one.delta)]
    columns = set().union(
        *(one.policy for one in changed), {"on_hand"} if any(one.delta for one in changed) else ()
    )
    if changed:
        update(StockItem, [_counted(one) for one in changed], columns)
    _move([one for one in variants if one.delta], actor_id=actor_id, now=now)
    before = {one.variant.pk: one.before or one.stock for one in changed}
    for one in changed:
        before[one.variant.pk].variant = one.variant
    tell(before, {one.variant.pk: _counted(one) for one in changed}, now=now)
    _refresh(wanted)


def _counted(one: WantedVariant) -> StockItem:
    """Return the row as it shall be; the one that it is made from keeps the units of before."""
    row = copy(one.stock)
    row.variant_id = one.variant.pk
    row.on_hand += one.delta
    return row


def _move(variants: Sequence[WantedVariant], *, actor_id: UUID | None, now: datetime) -> None:
    StockMovement.objects.bulk_create(
        StockMovement(
            variant_id=one.variant.pk,
            kind=StockMovement.Kind.RECEIPT if one.delta > 0 else StockMovement.Kind.ADJUSTMENT,
            delta=one.delta,
            reason=REASON,
            actor_id=actor_id,
            created_at=now,
        )
        for one in variants
    )


def _refresh(wanted: Sequence[WantedProduct]) -> None:
    """Keep ``in_stock`` where more than a number changed; a new product was written with it."""
    products = [
        product.product.pk
        for product in wanted
        if not product.new and any(one.new or one.policy for one in product.variants)
    ]
    if products:
        refresh_in_stock(products)
