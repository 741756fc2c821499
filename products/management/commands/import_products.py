"""Bring the catalogue in line with a file of products."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from products.importing.fetching import fetch_images
from products.importing.formats import FORMATS
from products.importing.reading import Unreadable
from products.importing.run import Report, run_import
from shop.core.progress import Progress

if TYPE_CHECKING:
    from products.importing.records import RowError

_KILOBYTE = 1024


class Command(BaseCommand):
    """Bring the catalogue in line with a file of products."""

    help = (
        "Import products from a CSV file: the shop's own, Shopify's or WooCommerce's. Run again, nothing changes. "
        "Rows that can't be taken are told, and the others go in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the file, or - for standard input")
        parser.add_argument(
            "--format", choices=sorted(FORMATS), help="what the file is in; by default what it looks like"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        parser.add_argument(
            "--fetch-images",
            action="store_true",
            help="then fetch the pictures that files have named, of products that have none",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with _opened(options["file"]) as (file, size):
                report = self._import(file, size, options)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror or error}.") from error
        except Unreadable as refusal:
            raise CommandError(f"{options['file']}: {refusal}") from refusal
        self._tell(report, dry_run=options["dry_run"])
        if options["fetch_images"] and not options["dry_run"]:
            self._fetch()

    def _import(self, file: BinaryIO, size: int, options: dict[str, Any]) -> Report:
        progress = Progress(f"importing {Path(options['file']).name}, kB", stream=self.stdout)

        def step(report: Report, at: int) -> None:
            if size:
                progress.step(min(at, size) // _KILOBYTE, size // _KILOBYTE)

        report = run_import(
            file,
            format=options["format"],
            dry_run=options["dry_run"],
            actor_id=None,
            now=timezone.now(),
            on_progress=step,
        )
        if size:
            progress.done()
        return report

    def _tell(self, report: Report, *, dry_run: bool) -> None:
        for error in report.errors:
            self.stderr.write(_line(error))
        if left := report.error_count - len(report.errors):
            self.stderr.write(f"and {left} more")
        self.stdout.write(
            f"{report.rows} rows: {report.created} products created, {report.updated} updated, "
            f"{report.unchanged} unchanged, {report.failed} failed or not whole; {report.error_count} errors"
            + (". Nothing was written." if dry_run else ".")
        )

    def _fetch(self) -> None:
        progress = Progress("fetching pictures of products", stream=self.stdout)
        found = fetch_images(actor_id=None, now=timezone.now(), on_progress=progress.step)
        progress.done()
        for problem in found.problems:
            self.stderr.write(f"{problem.product}, {problem.url}: {problem.reason}")
        if left := found.problem_count - len(found.problems):
            self.stderr.write(f"and {left} more")
        self.stdout.write(
            f"{found.pictures} pictures fetched for {found.products} products, {found.problem_count} not."
        )


@contextmanager
def _opened(name: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file, and tell its size: 0 where it isn't known."""
    if name == "-":
        yield sys.stdin.buffer, 0
        return
    path = Path(name)
    with path.open("rb") as file:
        yield file, path.stat().st_size


def _line(error: RowError) -> str:
    column = f", column {error.column}" if error.column else ""
    return f"line {error.line}{column}: {error.reason}"
