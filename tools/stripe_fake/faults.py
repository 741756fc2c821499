"""Scripted failures: what the next call of a kind shall suffer."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

KINDS = {
    "before": "no effect, and the connection is closed without an answer",
    "after": "the effect happens, and the connection is closed without an answer",
    "500": "no effect, and a 500 that is stored under the idempotency key",
    "500_after": "the effect happens, but a 500 is answered and stored under the idempotency key",
    "429": "no effect, too many requests",
    "409": "no effect, a conflict",
    "hang": "the effect happens, the answer comes after some seconds, the key is in use until then",
    "malformed": "the effect happens, the answer is cut JSON",
}


@dataclass
class Fault:
    method: str
    path: re.Pattern[str]
    how: str
    times: int = 1
    seconds: float = 30.0


class Faults:
    """The scripts that are still to come, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._hanging: list[threading.Event] = []

    def add(self, fault: Fault) -> None:
        """
        Script a fault.

        :raises ValueError: there is no such kind of fault.
        """
        if fault.how not in KINDS:
            raise ValueError(f"unknown fault {fault.how!r}: one of {', '.join(KINDS)}")
        with self._lock:
            self._waiting.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for this call, used up by one."""
        with self._lock:
            for fault in self._waiting:
                if fault.method in (method, "*") and fault.path.search(path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None

    def hang(self, seconds: float) -> None:
        """Keep a call waiting for so long, or until it is let go."""
        over = threading.Event()
        with self._lock:
            self._hanging.append(over)
        over.wait(seconds)
        with self._lock:
            self._hanging.remove(over)

    @property
    def hanging(self) -> int:
        """Return how many calls are kept waiting."""
        return len(self._hanging)

    def let_go(self) -> None:
        """Answer the calls that are kept waiting."""
        with self._lock:
            for over in self._hanging:
                over.set()

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def __len__(self) -> int:
        return len(self._waiting)
