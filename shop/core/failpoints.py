"""Named places where a crash matters; they do nothing unless a test environment asks."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from django.conf import settings


class FailpointReached(RuntimeError):
    """Raised by the action ``raise``."""


def failpoint(name: str) -> None:
    """
    Do what ``SHOP_FAILPOINTS`` asks for at this place; nothing by default.

    The setting reads ``name=action;name=action``; an action is ``kill9``, ``raise``, ``sleep:<ms>`` or
    ``pause-until-file:<path>``. Production refuses to start with it set.
    """
    action = settings.FAILPOINTS.get(name)
    if action is None:
        return
    verb, _, argument = action.partition(":")
    if verb == "kill9":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "raise":
        raise FailpointReached(name)
    elif verb == "sleep":
        time.sleep(int(argument) / 1000)
    elif verb == "pause-until-file":
        while not Path(argument).exists():
            time.sleep(0.01)
    else:
        raise ValueError(f"SHOP_FAILPOINTS: unknown action {action!r} at {name}.")
