"""A mail server in this process that counts what it takes, and misbehaves now and then as a seed says."""

from __future__ import annotations

import email
import logging
import threading
from collections import Counter
from random import Random
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tools.services.base import HOST, free_port, wait_until

# Of a thousand mails: refused for now, cut off before they are taken, cut off when they are taken and nobody was told.
REFUSED, CUT_BEFORE, CUT_AFTER = 20, 10, 10


class Mailbox:
    """
    What was taken, by Message-ID.

    ``windows`` counts the mails that were taken without the sender's learning it, so that each comes once more.
    """

    def __init__(self, seed: int) -> None:
        self.taken: Counter[str] = Counter()
        self.windows = 0
        self._excused: Counter[str] = Counter()
        self.faults = True
        self._open = 0
        self._lock = threading.Lock()
        self._random = Random(seed)  # noqa: S311  (a run that can be repeated, not a secret)
        # It tells of every line it hears.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._controller = _Server(self, hostname=HOST, port=free_port())

    @property
    def url(self) -> str:
        """The value of EMAIL_URL."""
        return f"smtp://{HOST}:{self._controller.port}"

    def __enter__(self) -> Mailbox:
        self._controller.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._controller.stop()

    def settle(self) -> None:
        """Wait until whatever a killed sender has said is dealt with."""
        wait_until(lambda: self._open == 0, seconds=5)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail, or don't."""
        name = str(email.message_from_bytes(envelope.content)["Message-ID"])
        chance = self._random.randrange(1000) if self.faults else 1000
        if chance < REFUSED:
            return "450 4.2.0 Not just now"
        if chance < REFUSED + CUT_BEFORE:
            return self._cut(server)
        self.taken[name] += 1
        if chance < REFUSED + CUT_BEFORE + CUT_AFTER:
            self.excuse(name)
            return self._cut(server)
        return "250 OK"

    def excuse(self, name: str) -> None:
        """Note that a mail comes again because of a cut or a kill, if it was taken since that was last noted."""
        if self.taken[name] > self._excused[name]:
            self._excused[name] = self.taken[name]
            self.windows += 1

    def count(self, change: int) -> None:
        """Note that a connection was opened or is gone."""
        with self._lock:
            self._open += change

    def _cut(self, server: Any) -> str:
        server.transport.abort()
        return "421 Gone"


class _Connection(SMTP):
    """Tells the mailbox how many connections there are."""

    def connection_made(self, transport: Any) -> None:
        self.event_handler.count(1)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.count(-1)


class _Server(Controller):
    def factory(self) -> SMTP:
        return _Connection(self.handler, **self.SMTP_kwargs)
