"""Make the index of search whole."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from products import search
from shop.core.progress import Progress


class Command(BaseCommand):
    help = "Index the products that search knows nothing of, in batches; it may be stopped and started again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--all",
            action="store_true",
            help="index every product anew, and forget words that none has: after a change of SEARCH_LANGUAGE",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress("indexing", stream=self.stdout)
        done = (search.index_all if options["all"] else search.index_missing)(progress.step)
        if done:
            progress.done()
        self.stdout.write(f"{done} products were indexed.")
