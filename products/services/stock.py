"""
Every way stock can change: held, released, sold, returned, adjusted.

Locks, always in this order: stock items by variant, then reservations. On SQLite a write transaction is alone
anyway; there the guarded UPDATE and the CHECK are what counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import BigIntegerField, Case, F, Min, Q, Sum, Value, When

from products.errors import OutOfStock, StockNotTracked, StockWouldGoNegative
from products.models import Reservation, StockItem, StockMovement
from products.services.stock_news import free, tell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

# Variant id -> whole units, at least 1.
Quantities = Mapping[int, int]


@transaction.atomic
def reserve(*, order_ref: UUID, quantities: Quantities, expires_at: datetime | None, now: datetime) -> None:
    """
    Hold everything an order needs, or nothing.

    A constant number of statements whatever the number of variants. When something is short, holds of the same
    variants that are past their time are given up first; their orders are not touched. Untracked variants are
    passed over.

    Locks: stock items by variant, then reservations.

    :param expires_at: until when the hold counts; None for as long as it takes.
    :raises OutOfStock: something is short; nothing is held.
    """
    items = before = lock_stock(quantities)
    wanted = {pk: quantities[pk] for pk, item in items.items() if item.tracked}
    if short := _short(items, wanted):
        _release_overdue(short, now=now)
        items = lock_stock(quantities)
        if short := _short(items, wanted):
            raise _out_of_stock(items, {pk: wanted[pk] for pk in short}, now=now)
    if not wanted:
        return
    # One statement both checks and takes, so no two buyers can pass the check together.
    taken = StockItem.objects.filter(_room_for(wanted), pk__in=wanted).update(
        reserved=F("reserved") + _each(wanted)
    )
    if taken != len(wanted):
        raise _out_of_stock(lock_stock(quantities), wanted, now=now)
    Reservation.objects.bulk_create(
        Reservation(
            variant_id=pk, order_ref=order_ref, quantity=quantity, expires_at=expires_at, created_at=now
        )
        for pk, quantity in sorted(wanted.items())
    )
    tell(before, _changed(items, reserved=wanted), now=now)


@transaction.atomic
def release(*, order_ref: UUID, now: datetime) -> None:
    """Give up what an order still holds; a second time does nothing. Locks: stock by variant, reservations."""
    items = lock_stock(_held_variants(order_ref))
    held = _end_holds(order_ref, Reservation.State.RELEASED)
    if held:
        StockItem.objects.filter(pk__in=held).update(reserved=F("reserved") - _each(held))
        tell(items, _changed(items, reserved={pk: -quantity for pk, quantity in held.items()}), now=now)


@transaction.atomic
def sell(*, order_ref: UUID, quantities: Quantities, now: datetime) -> None:
    """
    Turn an order's holds into sales; what it no longer holds is held again first.

    Locks: stock items by variant, then reservations. A second time does nothing.

    :param quantities: everything the order sells.
    :raises OutOfStock: a hold was lost and can't be had again; nothing is written.
    """
    # Locked before anything is read: a twin that sells the same order has then finished.
    lock_stock(quantities)
    sales = StockMovement.objects.filter(ref=order_ref, kind=StockMovement.Kind.SALE)
    sold = set(sales.values_list("variant", flat=True))
    lost = set(quantities) - sold - set(_held_variants(order_ref))
    if lost:
        reserve(order_ref=order_ref, quantities={pk: quantities[pk] for pk in lost}, expires_at=None, now=now)
    held = _end_holds(order_ref, Reservation.State.SOLD)
    if not held:
        return
    # What is free stays the same: both counters go down by as much.
    StockItem.objects.filter(pk__in=held).update(
        reserved=F("reserved") - _each(held), on_hand=F("on_hand") - _each(held)
    )
    _move(StockMovement.Kind.SALE, {pk: -quantity for pk, quantity in held.items()}, ref=order_ref, now=now)


@transaction.atomic
def return_to_stock(
    *, order_ref: UUID, quantities: Quantities, ref: UUID, now: datetime, actor_id: UUID | None = None
) -> None:
    """
    Put back units that an order took; the same ``ref`` puts them back once. What it never took is passed over.

    Locks: stock items by variant.

    :param quantities: by variant, at least 1; the caller sees to it that no unit comes back twice.
    :param ref: what caused it: the order itself when it is cancelled, lines of it that were, a return.
    """
    sales = StockMovement.objects.filter(ref=order_ref, kind=StockMovement.Kind.SALE)
    sold = set(sales.values_list("variant", flat=True))
    quantities = {pk: quantity for pk, quantity in quantities.items() if pk in sold}
    items = lock_stock(quantities)
    done = StockMovement.objects.filter(ref=ref, kind=StockMovement.Kind.RESTOCK).exists()
    if done or not quantities:
        return
    StockItem.objects.filter(pk__in=quantities).update(on_hand=F("on_hand") + _each(quantities))
    _move(StockMovement.Kind.RESTOCK, quantities, ref=ref, actor_id=actor_id, now=now)
    tell(items, _changed(items, on_hand=quantities), now=now)


def set_hold_expiry(*, order_ref: UUID, expires_at: datetime | None) -> None:
    """Say until when an order's holds count; None keeps them while a payment is under way."""
    Reservation.objects.filter(order_ref=order_ref, state=Reservation.State.ACTIVE).update(
        expires_at=expires_at
    )


@transaction.atomic
def adjust_stock(
    *, variant_id: int, delta: int, reason: str, actor_id: UUID | None, now: datetime
) -> StockItem:
    """
    Correct what is on hand by a signed number of units and return the stock.

    :param delta: whole units, not 0; a positive one counts as a receipt of goods.
    :raises StockNotTracked: nobody counts this variant; nothing is written.
    :raises StockWouldGoNegative: less than that is free; nothing is written.
    """
    items = lock_stock([variant_id])
    if not items[variant_id].tracked:
        raise StockNotTracked
    changed = StockItem.objects.filter(
        pk=variant_id, reserved__lte=F("on_hand") + F("backorder_limit") + delta
    ).update(on_hand=F("on_hand") + delta)
    item = items[variant_id]
    if not changed:
        raise StockWouldGoNegative(free=free(item))
    kind = StockMovement.Kind.RECEIPT if delta > 0 else StockMovement.Kind.ADJUSTMENT
    _move(kind, {variant_id: delta}, reason=reason, actor_id=actor_id, now=now)
    after = _changed(items, on_hand={variant_id: delta})
    tell(items, after, now=now)
    return after[variant_id]


def lock_stock(variants: Iterable[int]) -> dict[int, StockItem]:
    """Return the stock of the variants, locked in variant order so that two buyers never wait in a circle."""
    items = StockItem.objects.select_for_update(of=("self",)).select_related("variant").order_by("pk")
    return {item.pk: item for item in items.filter(pk__in=list(variants))}


def _changed(items: Mapping[int, StockItem], **counters: Mapping[int, int]) -> dict[int, StockItem]:
    """Return what the stock is after its counters have changed by these numbers of units."""
    after: dict[int, StockItem] = {}
    for name, change in counters.items():
        for pk, delta in change.items():
            if pk not in items:
                # It wasn't locked, so what it was isn't known for certain.
                continue
            after.setdefault(pk, copy(items[pk]))
            setattr(after[pk], name, getattr(after[pk], name) + delta)
    return after


def _short(items: Mapping[int, StockItem], wanted: Quantities) -> list[int]:
    return [pk for pk, quantity in wanted.items() if free(items[pk]) < quantity]


def _room_for(wanted: Quantities) -> Q:
    """Return the guard of the taking UPDATE."""
    return Q(reserved__lte=F("on_hand") + F("backorder_limit") - _each(wanted))


def _each(quantities: Quantities) -> Case:
    """Return an expression with each variant's own number."""
    cases = [When(pk=pk, then=Value(quantity)) for pk, quantity in quantities.items()]
    return Case(*cases, default=Value(0), output_field=BigIntegerField())


def _held_variants(order_ref: UUID) -> list[int]:
    active = Reservation.objects.filter(order_ref=order_ref, state=Reservation.State.ACTIVE)
    return list(active.values_list("variant_id", flat=True))


def _end_holds(order_ref: UUID, state: Reservation.State) -> dict[int, int]:
    """End an order's active holds and return what they held; the stock items are locked already."""
    active = Reservation.objects.filter(order_ref=order_ref, state=Reservation.State.ACTIVE)
    held = dict(active.select_for_update().order_by("variant_id").values_list("variant_id", "quantity"))
    if held:
        active.update(state=state)
    return held


def _release_overdue(variants: list[int], *, now: datetime) -> None:
    """
    Give up holds past their time; those that somebody is settling this moment are left alone.

    The caller tells what that has changed, together with what it takes itself.
    """
    overdue = Reservation.objects.filter(
        variant_id__in=variants, state=Reservation.State.ACTIVE, expires_at__lt=now
    )
    rows = list(overdue.select_for_update(skip_locked=True).order_by("variant_id", "pk"))
    if not rows:
        return
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(state=Reservation.State.RELEASED)
    freed: dict[int, int] = {}
    for row in rows:
        freed[row.variant_id] = freed.get(row.variant_id, 0) + row.quantity
    StockItem.objects.filter(pk__in=freed).update(reserved=F("reserved") - _each(freed))


def _out_of_stock(items: Mapping[int, StockItem], short: Quantities, *, now: datetime) -> OutOfStock:
    """Return the refusal that says, for each short variant, what is left and what is only held."""
    holds = (
        Reservation.objects.filter(variant_id__in=short, state=Reservation.State.ACTIVE)
        .values("variant_id")
        .annotate(held=Sum("quantity"), until=Min("expires_at"))
    )
    held = {row["variant_id"]: row for row in holds}
    lines = []
    for pk, quantity in short.items():
        row = held.get(pk)
        until = row["until"] if row else None
        lines.append(
            {
                "variant": pk,
                "sku": items[pk].variant.sku,
                "requested": quantity,
                "available": max(0, free(items[pk])),
                "held": row["held"] if row else 0,
                "held_until": until.isoformat() if until else None,
            }
        )
    return OutOfStock(lines=lines)


def _move(
    kind: StockMovement.Kind,
    deltas: Mapping[int, int],
    *,
    now: datetime,
    ref: UUID | None = None,
    reason: str = "",
    actor_id: UUID | None = None,
) -> None:
    StockMovement.objects.bulk_create(
        StockMovement(
            variant_id=pk, kind=kind, delta=delta, ref=ref, reason=reason, actor_id=actor_id, created_at=now
        )
        for pk, delta in sorted(deltas.items())
    )
