"""Importing a file: read piece by piece, saved by some hundred products, and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings

from products.importing.formats import format_of
from products.importing.grouping import Parsed, Setting
from products.importing.reading import Table
from products.importing.records import ProductRecord, RowError
from products.importing.saving import Saved, save_products

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from products.importing.reading import ByteSource

BATCH = 200
# The variants of a batch are in memory too, and so are the texts.
_VARIANTS = 2000
_CHARACTERS = 2_000_000
KEPT_ERRORS = 1000
# Some 100 MB of handles; from then on nobody notices a product that comes again.
_REMEMBERED = 1_000_000


@dataclass(kw_only=True)
class Report:
    """
    What became of a file: products, but for ``rows``.

    ``failed`` are those that stay out, or lack a row; ``errors`` are the first of ``error_count``.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0


Progress = Callable[[Report, int], None]


def run_import(
    file: ByteSource,
    *,
    format: str | None = None,
    dry_run: bool = False,
    actor_id: UUID | None,
    now: datetime,
    on_progress: Progress = lambda report, at: None,
) -> Report:
    """
    Bring the catalogue in line with a file; call it outside of a transaction.

    Each some hundred products are a transaction, so an import that is broken off can be run again: what is in
    already doesn't change. Memory is that of a batch, whatever the file's size.

    :param format: of ``FORMATS``; what the file looks like when it is left out.
    :param dry_run: everything is done and rolled back; the counts are the same, but that products of two batches aren't
        seen to want the same SKU or external id.
    :param on_progress: called with the counts so far and the bytes read.
    :raises Unreadable: it is no file of products, or of another format; nothing is written.
    """
    table = Table(file)
    kind = format_of(table, format)
    save = partial(save_products, actor_id=actor_id, now=now, dry_run=dry_run)
    running = _Run(kind.columns_of(table.columns), save)
    setting = Setting(currency=settings.BASE_CURRENCY, now=now)
    for batch in _batches(running.once(kind.parsed(table, setting))):
        running.save(batch)
        on_progress(running.report, running.at)
    return running.report


class _Run:
    """An import under way."""

    def __init__(self, columns: Mapping[str, str], save: Callable[[Sequence[ProductRecord]], Saved]) -> None:
        self.report = Report()
        self.at = 0
        self._columns = columns
        self._save = save
        self._lines: dict[str, int] = {}

    def once(self, products: Iterator[Parsed]) -> Iterator[Parsed]:
        """Yield products, without those that come again: what they leave out isn't what the file means."""
        for one in products:
            record = one.record
            if record is None or one.apart:
                yield one
                continue
            first = self._lines.get(record.handle)
            if first is not None:
                reason = f"The product {record.handle} stands on line {first} already; put its rows together."
                error = RowError(line=record.line, column=self._heading("handle"), reason=reason)
                yield replace(one, record=None, errors=[*one.errors, error])
                continue
            if len(self._lines) < _REMEMBERED:
                self._lines[record.handle] = record.line
            yield one

    def save(self, batch: list[Parsed]) -> None:
        """Save a batch and count it."""
        records = [one.record for one in batch if one.record is not None]
        saved = self._save(records) if records else Saved()
        refused = [replace(error, column=self._heading(error.column)) for error in saved.errors]
        lines = {error.line for error in refused}
        report = self.report
        report.created += saved.created
        report.updated += saved.updated
        report.unchanged += saved.unchanged
        report.failed += sum(1 for one in batch if (one.errors and one.rows) or _has_line(one, lines))
        report.rows += sum(one.rows for one in batch)
        self.at = max(self.at, *(one.at for one in batch))
        self._write_down([*refused, *(error for one in batch for error in one.errors)])

    def _heading(self, column: str) -> str:
        return self._columns.get(column, "")

    def _write_down(self, errors: list[RowError]) -> None:
        self.report.error_count += len(errors)
        errors.sort(key=lambda error: error.line)
        self.report.errors += errors[: max(0, KEPT_ERRORS - len(self.report.errors))]


def _has_line(one: Parsed, lines: set[int]) -> bool:
    record = one.record
    return record is not None and not lines.isdisjoint({record.line, *(v.line for v in record.variants)})


def _batches(products: Iterator[Parsed]) -> Iterator[list[Parsed]]:
    batch: list[Parsed] = []
    variants = characters = 0
    for one in products:
        batch.append(one)
        variants += len(one.record.variants) if one.record else 0
        characters += len(one.record.description or "") if one.record else 0
        if len(batch) >= BATCH or variants >= _VARIANTS or characters >= _CHARACTERS:
            yield batch
            batch, variants, characters = [], 0, 0
    if batch:
        yield batch
