"""Send mail until told to stop; any number of these may run."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from notifications import sender
from shop.events.worker import stop_on_signals

_PAUSE = 0.5


class Command(BaseCommand):
    """Send mail until told to stop; any number of these may run."""

    help = "Send the mail that is due, again and again, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        sent = 0
        # The mail in hand is finished and recorded; the rest of the batch is handed back.
        with stop_on_signals() as stop:
            while not stop.is_set():
                just_sent = sender.send_due(now=timezone.now(), stop=stop.is_set)
                sent += just_sent
                if options["once"] and not just_sent:
                    break
                if not just_sent:
                    stop.wait(_PAUSE)
        self.stdout.write(f"{sent} sent")
