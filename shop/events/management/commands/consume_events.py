"""Consume one group's events from Kafka."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.events import registry
from shop.events.worker import consumer_part, run_parts, stop_on_signals


class Command(BaseCommand):
    help = "Consume a group's events from Kafka until SIGTERM. Start several to share the partitions."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the group, and a static membership."""
        parser.add_argument(
            "--group", required=True, help="the consumer group, named after the app that hears"
        )
        parser.add_argument(
            "--instance", help="a name that survives restarts, so that they move no partition"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the group's consumer."""
        if settings.EVENTS_BACKEND == "local":
            raise CommandError(
                "Events are local (EVENTS_BACKEND): manage.py run_worker hands them to every group itself.",
                returncode=2,
            )
        if options["group"] not in registry.handlers:
            known = ", ".join(sorted(registry.handlers))
            raise CommandError(f"There is no group {options['group']!r}; choose from {known}.", returncode=2)
        with stop_on_signals() as stop:
            failure = run_parts([consumer_part(options["group"], instance=options["instance"])], stop)
        if failure:
            raise CommandError(str(failure))
