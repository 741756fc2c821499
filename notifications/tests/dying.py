"""Senders that SIGKILL ends on their way, each a fork of a process that has set Django up."""

from __future__ import annotations

import os
import signal
import smtplib
from typing import Any

from payments.tests.dying import main


def _die_within_the_mail() -> None:
    """Let half of a mail's bytes reach the server, and then die."""
    send = smtplib.SMTP.send

    def half(self: smtplib.SMTP, data: Any) -> None:
        if len(data) > 1000:
            send(self, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        send(self, data)

    smtplib.SMTP.send = half  # type: ignore[method-assign, assignment]


def do(act: str, die_at: str, settings: dict[str, Any], values: dict[str, Any]) -> None:
    """Send what is due, and die at a failpoint or within the mail."""
    # What imports models must wait for Django.
    from django.conf import settings as shop  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from notifications import sender  # noqa: PLC0415

    if die_at == "within the mail":
        _die_within_the_mail()
    for name, value in {**settings, "FAILPOINTS": {die_at: "kill9"}}.items():
        setattr(shop, name, value)
    sender.send_due(now=timezone.now())


if __name__ == "__main__":
    main(do)
