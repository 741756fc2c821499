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
    """
    Run ``call(0)`` to ``call(times - 1)`` from one barrier and return what they returned, in that order.

    A thread that can't connect lets the others go at once, and it is its error that is raised.
    """
    barrier = threading.Barrier(times)

    def run(number: int) -> T:
        try:
            try:
                connection.ensure_connection()
            except BaseException:
                barrier.abort()
                raise
            barrier.wait(timeout=30)
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=times) as pool:
        futures = [pool.submit(run, number) for number in range(times)]
    errors = [error for future in futures if (error := future.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error
    return [future.result() for future in futures]
