"""Fill the catalogue with made-up goods."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from products.seeding.loading import seed
from shop.core.progress import Progress

MOST = 5_000_000


class Command(BaseCommand):
    help = "Add made-up products, with variants, prices and stock: for demos and benchmarks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", type=int, required=True, metavar="N", help="how many to add")

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["products"]
        if not 1 <= count <= MOST:
            raise CommandError(f"--products is a number from 1 to {MOST}.")
        progress = Progress("seeding", stream=self.stdout)
        seed(products=count, now=timezone.now(), progress=progress.step)
        progress.done()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # Plans are made from what the database thinks is there.
                cursor.execute("ANALYZE")
        self.stdout.write(f"{count} products were added.")
