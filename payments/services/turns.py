"""Whose turn it is, among the threads of one process, to do what could wait."""

from __future__ import annotations

import threading
import time

# So many who found the turn taken while one had it are a burst, which then isn't joined for a while; and not for
# another while as long as so many come in it.
_BURST = 3
_STILL_A_BURST = 20
_REST_SECONDS = 1.0


class Turn:
    """
    Given to one thread at a time, and to none after several had to do without: they come in a burst.

    It rests for a second, and for another as long as many ask in each. Nobody waits for it. It stands in this process
    alone, so nothing is left when the process dies.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._missed = 0
        self._rests_until = 0.0

    def is_free(self) -> bool:
        """Tell whether ``take`` would succeed just now."""
        return not self._is_resting() and not self._lock.locked()

    def take(self) -> bool:
        """Take the turn if it is free; tell whether it is the caller's, who must give it back."""
        if not self._is_resting() and self._lock.acquire(blocking=False):
            self._missed = 0
            return True
        self._missed += 1
        return False

    def give_back(self) -> None:
        """End the turn."""
        if self._missed >= _BURST:
            self._rest()
        self._lock.release()

    def _is_resting(self) -> bool:
        if time.monotonic() >= self._rests_until and self._missed >= _STILL_A_BURST:
            self._rest()
        return time.monotonic() < self._rests_until

    def _rest(self) -> None:
        self._missed = 0
        self._rests_until = time.monotonic() + _REST_SECONDS
