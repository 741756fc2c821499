"""The worker: its parts, each in a thread that is started again whenever it fails."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from shop.events import registry
from shop.events.failures import is_outage, pauses
from shop.events.kafka import BrokerAway
from shop.events.kafka_subscription import Fenced
from shop.events.loop import consume
from shop.events.relay import run_relay
from shop.events.scheduler import run_jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from threading import Event as Flag
    from types import FrameType

logger = logging.getLogger(__name__)

# What isn't done by then is cut off: its transaction is rolled back and its message comes again.
_STOP_SECONDS = 8.0
# A part that ran for so long starts again without a long pause.
_STEADY_SECONDS = 30.0


@dataclass(frozen=True)
class Part:
    """Something that runs until a flag is set."""

    name: str
    run: Callable[[Flag], None]


class UnknownPart(ValueError):
    """Raised when ``--only`` names something that this worker can't run."""


def parts(only: Sequence[str] = ()) -> list[Part]:
    """
    Return the worker's parts, or those with the given names.

    :param only: ``relay``, ``jobs``, ``consumers`` (every group), or the name of a group.
    :raises UnknownPart: there is no such part, or with local events no consumer apart from the relay.
    """
    groups = sorted(registry.handlers)
    known = ["relay", "jobs", "consumers", *groups]
    for name in only:
        if name not in known:
            raise UnknownPart(f"There is no part {name!r}; choose from {', '.join(known)}.")
    wanted = set(only) or {"relay", "jobs", "consumers"}
    found = [Part("relay", run_relay)] if "relay" in wanted else []
    if "jobs" in wanted:
        found.append(Part("jobs", run_jobs))
    listening = groups if "consumers" in wanted else [group for group in groups if group in wanted]
    if settings.EVENTS_BACKEND != "local":
        return found + [consumer_part(group) for group in listening]
    if only and listening:
        raise UnknownPart("With local events the relay feeds the consumers itself: run the part relay.")
    return found


def consumer_part(group: str, *, instance: str | None = None) -> Part:
    """Return the part that consumes a group's topics from Kafka."""
    return Part(f"consumer-{group}", lambda stop: consume(group, stop, instance=instance))


def run_parts(chosen: Sequence[Part], stop: Flag) -> Fenced | None:
    """
    Run parts until the flag is set, then wait a few seconds for them to end.

    Returns why the worker must not be started again as it is, if that ended it.
    """
    fatal: list[Fenced] = []
    threads = [
        # Daemons: one that hangs in the network can't keep the process from ending.
        threading.Thread(target=_supervise_or_end, args=(part, stop, fatal), name=part.name, daemon=True)
        for part in chosen
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    until = time.monotonic() + _STOP_SECONDS
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
        if thread.is_alive():
            logger.warning("%s is still busy and is cut off.", thread.name)
    return fatal[0] if fatal else None


def _supervise_or_end(part: Part, stop: Flag, fatal: list[Fenced]) -> None:
    try:
        supervise(part, stop)
    except Fenced as error:
        # Two under one name would throw each other out for ever.
        logger.error("%s: %s", part.name, error)
        fatal.append(error)
        stop.set()


def supervise(part: Part, stop: Flag) -> None:
    """
    Run a part until the flag is set; start it again with a growing pause whenever it ends or fails.

    :raises Fenced: another process runs under the same static membership.
    """
    waits = pauses(first=0.5, longest=5)
    while not stop.is_set():
        began = time.monotonic()
        try:
            part.run(stop)
            if not stop.is_set():
                logger.error("%s ended by itself and is started again.", part.name)
        except Fenced:
            raise
        # Even SystemExit must not end a part in silence.
        except BaseException as error:
            if isinstance(error, BrokerAway):
                logger.warning("%s: no broker answers: %s", part.name, error)
            elif is_outage(error):
                logger.warning("%s: the database doesn't answer: %s", part.name, error)
            else:
                logger.exception("%s failed and is started again.", part.name)
        finally:
            connection.close()
        if time.monotonic() - began > _STEADY_SECONDS:
            waits = pauses(first=0.5, longest=5)
        stop.wait(next(waits))


@contextlib.contextmanager
def stop_on_signals() -> Iterator[Flag]:
    """Yield a flag that SIGTERM and SIGINT set; for a process that works until then."""
    # What is loaded by now stays, and the collector needn't look through it: a busy consumer makes so many objects that
    # this takes a fifth of its time.
    gc.freeze()
    stop = threading.Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        # Setting a flag takes a lock that the interrupted thread may hold just now; another thread can wait for it.
        threading.Thread(target=_stop, args=(stop, number), daemon=True).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(stop: Flag, number: int) -> None:
    logger.info("%s: stopping.", signal.Signals(number).name)
    stop.set()
