"""Fill an empty shop with the demo's goods."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from shop.core.progress import Progress
from shop.ops import demo


class Command(BaseCommand):
    help = "Load the demo's goods and sign-ins into an empty shop."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("load_demo is for development.")
        if not demo.is_empty():
            self.stdout.write("There are products already; nothing was loaded.")
        else:
            progress = Progress("loading the demo", stream=self.stdout)
            demo.load(progress=progress.step)
            progress.done()
        for name, who in demo.ensure_sign_ins().items():
            self.stdout.write(f"{name}: {who['email']}  {who['password']}")
