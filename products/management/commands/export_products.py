"""Write the catalogue into a file that import_products reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from products.importing.exporting import export_products, products_to_export
from shop.core.progress import Progress


class Command(BaseCommand):
    """Write the catalogue into a file that import_products reads."""

    help = (
        "Export every product that isn't archived as CSV, in the shop's own format. "
        "Importing the file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            metavar="FILE",
            nargs="?",
            default="-",
            help="where to, or - for standard output (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file = options["file"]
        total = products_to_export()
        if file == "-":
            # Django's wrapper would end each piece with a line feed.
            export_products(getattr(self.stdout, "_out", self.stdout).write)
            return
        progress = Progress("exporting", stream=self.stdout)
        # Put in its place when it is whole: an export that is broken off leaves no half file under the name.
        part = Path(f"{file}.part")
        try:
            with part.open("w", encoding="utf-8", newline="") as stream:
                export_products(stream.write, on_progress=lambda done: progress.step(min(done, total), total))
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise CommandError(f"{file}: {error.strerror or error}.") from error
        progress.done()
        self.stdout.write(f"exported: {total} products")
