"""Run one timed job by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shop.events import registry
from shop.events.failures import describe
from shop.events.scheduler import write_down


class Command(BaseCommand):
    help = "Run a timed job once, now, whether or not a worker runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the job's name."""
        parser.add_argument("name", nargs="?", help="without one, the jobs are listed")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the job."""
        if options["name"] is None:
            for known in sorted(registry.jobs.values(), key=lambda job: job.name):
                self.stdout.write(f"{known.name}  every {known.every}")
            return
        job = registry.jobs.get(options["name"])
        if job is None:
            names = ", ".join(sorted(registry.jobs))
            raise CommandError(f"There is no job {options['name']!r}; choose from {names}.", returncode=2)
        now = timezone.now()
        try:
            result = job.run(now)
        except Exception as error:
            write_down(job.name, started_at=now, error=describe(error))
            raise
        write_down(job.name, started_at=now, error="")
        self.stdout.write(f"{job.name}: {'done' if result is None else result}")
