"""Make prices in other currencies from the exchange rates."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from products.filling import fill_prices, variants_to_fill
from shop.core.progress import Progress


class Command(BaseCommand):
    help = (
        "Make the prices in other currencies what the exchange rates say, at once and not within minutes. "
        "Prices set by hand stay; it may be stopped and started again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        total = variants_to_fill()
        progress = Progress("filling in prices", stream=self.stdout)
        looked_at = 0

        def step(done: int) -> None:
            nonlocal looked_at
            looked_at = done
            # Some may have been added meanwhile.
            progress.step(done, max(done, total))

        written = fill_prices(now=timezone.now(), on_progress=step)
        if looked_at:
            progress.done()
        self.stdout.write(f"{written} prices were changed.")
