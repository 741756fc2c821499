"""Send mail until told to stop; any number of these may run."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from notifications import sender

_PAUSE = 0.5


class Command(BaseCommand):
    """Send mail until told to stop; any number of these may run."""

    help = "Send the mail that is due, again and again, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        if threading.current_thread() is threading.main_thread():
            # The mail in hand is finished and recorded; the rest of the batch is handed back.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stopping.set())
        sent = 0
        while not stopping.is_set():
            just_sent = sender.send_due(now=timezone.now(), stop=stopping.is_set)
            sent += just_sent
            if options["once"] and not just_sent:
                break
            if not just_sent:
                stopping.wait(_PAUSE)
        self.stdout.write(f"{sent} sent")
