"""Saving a batch of a file's products: one transaction, and none at all where nothing changes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import DataError, IntegrityError, transaction

from products.importing.comparing import compare
from products.importing.existing import read_existing
from products.importing.records import RowError
from products.services.bulk.names import make_missing
from products.services.bulk.products import write_products
from shop.core.errors import Unavailable, ValidationFailed
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from products.importing.comparing import Compared
    from products.importing.records import ProductRecord

    Round = Sequence[ProductRecord]

_TRIES = 4
_PAUSE = 0.5
# What somebody else's change at the same moment looks like. Seen again after it, all is well or there is a reason.
_MET = (IntegrityError, DataError, ValidationFailed, Unavailable)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What became of a batch, counted in products; one that stays out counts as none of the three."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: Sequence[RowError] = field(default=())


@dataclass(frozen=True, kw_only=True)
class _Doer:
    """Who saves, when, and whether it stays."""

    actor_id: UUID | None
    now: datetime
    dry_run: bool


def save_products(
    records: Sequence[ProductRecord], *, actor_id: UUID | None, now: datetime, dry_run: bool = False
) -> Saved:
    """
    Bring the catalogue in line with these products, at most some 500; call it outside of a transaction.

    A product that can't be saved is left as it is, and so is a variant; both are told in ``errors``, and the others
    go in. What is as the file says already isn't written, and where all is there is no transaction.
    Locks: stock by variant, then the products, then the variants, of those that change. Emits: what a change of stock
    does.

    :param dry_run: everything is done and rolled back; the answer is the same.
    """
    doer = _Doer(actor_id=actor_id, now=now, dry_run=dry_run)
    first, *later = _rounds(records)
    compared = compare(first, read_existing(first, lock=False), now=now)
    rounds = [compared.records, *later]
    looked_at = Saved(unchanged=compared.unchanged, errors=compared.errors)
    return _sum([looked_at, *([_written(rounds, doer)] if any(rounds) else [])])


def _rounds(records: Round) -> list[Round]:
    """Part products that come again in the same batch from their first time: they are compared with what that left."""
    rounds: list[list[ProductRecord]] = [[]]
    seen: dict[str, int] = {}
    for record in records:
        number = seen[record.handle] = seen.get(record.handle, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(record)
    return list(rounds)


def _written(rounds: Sequence[Round], doer: _Doer) -> Saved:
    for left in reversed(range(_TRIES)):
        try:
            return use_case(_write, rounds, doer)
        except _MET:
            if left:
                time.sleep(_PAUSE * (_TRIES - 1 - left))
    # One by one: what can't be saved doesn't keep the others out.
    return _sum([_written_alone(record, doer) for records in rounds for record in records])


def _written_alone(record: ProductRecord, doer: _Doer) -> Saved:
    try:
        return use_case(_write, [[record]], doer)
    except _MET as refusal:
        busy = isinstance(refusal, Unavailable)
        reason = (
            "Somebody else is changing it." if busy else "The database refuses it: somebody has a name of it."
        )
        return Saved(
            errors=[RowError(line=record.line, column="handle", reason=f"{reason} Import the file again.")]
        )


def _write(rounds: Sequence[Round], doer: _Doer) -> Saved:
    """Write the rounds in the caller's transaction, which a dry run has rolled back."""
    saved = _sum([_write_round(records, doer) for records in rounds])
    if doer.dry_run:
        transaction.set_rollback(True)
    return saved


def _write_round(records: Round, doer: _Doer) -> Saved:
    make_missing(records, actor_id=doer.actor_id, now=doer.now)
    # Compared again: what was read before wasn't locked.
    compared: Compared = compare(records, read_existing(records, lock=True), now=doer.now, complete=True)
    write_products(compared.wanted, actor_id=doer.actor_id, now=doer.now)
    created = sum(1 for one in compared.wanted if one.new)
    return Saved(
        created=created,
        updated=len(compared.wanted) - created,
        unchanged=compared.unchanged,
        errors=[*compared.errors, *compared.row_errors],
    )


def _sum(parts: Sequence[Saved]) -> Saved:
    return Saved(
        created=sum(part.created for part in parts),
        updated=sum(part.updated for part in parts),
        unchanged=sum(part.unchanged for part in parts),
        errors=[error for part in parts for error in part.errors],
    )
