"""
SMTP with a limit for each answer as a whole.

Python's own limit is for each read: a server that says a letter now and then holds a sender for as long as it likes,
beyond the lease on the message, and another sender delivers it too. Here an answer has to be there in time, which makes
a delivery shorter than its lease (``LONGEST``).
"""

from __future__ import annotations

import io
import smtplib
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.mail.backends import smtp

if TYPE_CHECKING:
    import socket

# For connecting, for each command's answer, and for handing the mail's bytes over.
COMMAND = 10.0
# For the answer to a whole mail: servers look for spam and viruses before they give it. Who hangs up earlier has to
# send it again, and the server may well have taken it.
TAKING = 60.0
# EHLO or HELO, MAIL, RCPT, DATA, the bytes, the answer to them, RSET.
LONGEST = timedelta(seconds=7 * COMMAND + TAKING)


class AnswerMissing(smtplib.SMTPServerDisconnected):
    """Raised when a server has the whole mail and doesn't say whether it took it."""


class EmailBackend(smtp.EmailBackend):
    """Django's backend over such connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.timeout = min(self.timeout or COMMAND, COMMAND)

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """Return what speaks to the server."""
        return _TLS if self.use_ssl else _Plain


class _Answers(io.RawIOBase):
    """What a server says, until a moment."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.until = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("no whole answer in time")
        self.sock.settimeout(left)
        return self.sock.recv_into(buffer)


class _Plain(smtplib.SMTP):
    _answers: _Answers
    # The limits of the next answers, where they differ.
    _limits: Iterator[float] = iter(())

    def getreply(self) -> tuple[int, bytes]:
        # Without a file there is a new socket: connected just now, or wrapped by STARTTLS.
        if self.file is None and self.sock is not None:
            self._answers = _Answers(self.sock)
            self.file = io.BufferedReader(self._answers)
        self._answers.until = time.monotonic() + next(self._limits, self.timeout)
        try:
            return super().getreply()
        finally:
            if self.sock is not None:
                self.sock.settimeout(self.timeout)

    def data(self, msg: Any) -> tuple[int, bytes]:
        self._limits = iter((self.timeout, TAKING))
        try:
            return super().data(msg)
        except smtplib.SMTPServerDisconnected as error:
            if next(self._limits, None) is None:
                raise AnswerMissing(str(error)) from error
            raise
        finally:
            self._limits = iter(())


class _TLS(_Plain, smtplib.SMTP_SSL):
    """Speaks TLS from the first byte."""
