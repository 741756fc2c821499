"""Publish the outbox: the relay alone, for running the worker's parts apart."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from shop.events.worker import parts, run_parts, stop_on_signals


class Command(BaseCommand):
    help = "Publish events from the outbox until SIGTERM. Start as many as you like: one leads, the others stand by."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run the relay."""
        with stop_on_signals() as stop:
            run_parts(parts(["relay"]), stop)
