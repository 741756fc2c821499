"""Run the worker: relay, consumers and timed jobs in one process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.events.worker import UnknownPart, parts, run_parts, stop_on_signals


class Command(BaseCommand):
    help = "Publish events, hand them to the apps that hear them, and run timed jobs, until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the parts to run."""
        parser.add_argument(
            "--only",
            default="",
            help="parts, with commas between: relay, jobs, consumers, or names of groups",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the parts."""
        only = [name.strip() for name in options["only"].split(",") if name.strip()]
        try:
            chosen = parts(only)
        except UnknownPart as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"Running: {', '.join(part.name for part in chosen)}.")
        with stop_on_signals() as stop:
            failure = run_parts(chosen, stop)
        if failure:
            raise CommandError(str(failure))
