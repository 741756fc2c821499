"""Many calls at once, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def together(times: int, call: Callable[[int], T]) -> list[T]:
    """Run ``call(0)`` to ``call(times - 1)`` from one barrier and return what they returned, in that order."""
    barrier = threading.Barrier(times)

    def run(number: int) -> T:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=times) as pool:
        return list(pool.map(run, range(times)))
