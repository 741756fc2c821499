"""What goes wrong in a child's log, shown while it happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOUD = ("error", "critical")
# Django's own line about an answer of 500, which repeats what the handler has logged.
_ECHOES = ("django.request",)
_MOST_BYTES = 200_000


class ErrorTail:
    """Follows a log of JSON lines from where it ends now and passes on the errors in it."""

    def __init__(self, log: Path, *, say: Callable[[str], None]) -> None:
        self._log = log
        self._say = say
        self._position = log.stat().st_size if log.exists() else 0

    def show(self) -> None:
        """Say the errors since the last call."""
        try:
            size = self._log.stat().st_size
        except FileNotFoundError:
            return
        if size < self._position:
            self._position = 0
        if size == self._position:
            return
        with self._log.open("rb") as log:
            log.seek(self._position)
            text = log.read(_MOST_BYTES)
        # The last line may be half written: it is read again when it is whole.
        whole = text.rfind(b"\n") + 1
        self._position += whole
        for line in text[:whole].decode(errors="replace").splitlines():
            if (found := _error(line)) is not None:
                self._say(found)


def _error(line: str) -> str | None:
    try:
        record = json.loads(line)
    except ValueError:
        return line if "[ERROR]" in line or "[CRITICAL]" in line else None
    if not isinstance(record, dict) or record.get("level") not in _LOUD or record.get("logger") in _ECHOES:
        return None
    return "\n".join(
        filter(None, (f"web: {record.get('message')} ({record.get('request_id')})", record.get("trace")))
    )
