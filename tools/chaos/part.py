"""A process of the shop in a run: forked from one that has loaded everything, so it starts at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

# What imports models must wait for Django.
from shop.events import kafka  # noqa: E402
from tools.chaos import things  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

things.install()
kafka.client()
# One that is asked to arm before it can listen looks into the file then.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a process is to do; ``armed`` is the file that names the failpoint it is to die at."""

    command: tuple[str, ...]
    log: Path
    armed: Path
    proxy: str = ""
    hurry: bool = False


def run(order: Order) -> None:
    """Run a command of the shop as this process; SIGUSR1 lets it die at the failpoint that the file names."""
    output = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    signal.signal(signal.SIGUSR1, lambda *_: arm(order.armed))
    arm(order.armed)
    if order.proxy:
        kafka.connection_options = partial(through, order.proxy, kafka.connection_options)
    if order.hurry:
        kafka.connected = partial(impatient, kafka.connected)
    threading.Thread(target=end_with_the_run, daemon=True).start()
    call_command(*order.command)


def end_with_the_run() -> None:
    """End this process when the one that ordered it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def arm(armed: Path) -> None:
    """Let the process die at the failpoint that the file names, if it does."""
    place = armed.read_text()
    settings.FAILPOINTS = {place: "kill9"} if place else {}


def through(proxy: str, options: Any) -> dict[str, Any]:
    """Return what a client of Kafka needs to connect through a proxy."""
    return {**options(), "proxy_url": proxy}


def impatient(connected: Any, kind: str, **options: Any) -> Any:
    """Return a client; a consumer's group waits for one that died while it joined as shortly as a broker allows."""
    if kind == "KafkaConsumer":
        options |= {"session_timeout_ms": 6_000, "max_poll_interval_ms": 10_000}
    return connected(kind, **options)
