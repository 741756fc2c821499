"""What the tests of events share: an event that one group hears, and nothing else that is heard."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as current
from django.db import connection

from shop.events import registry
from shop.events.event import Event
from shop.events.kafka import create_topics
from shop.events.kafka_producer import KafkaBackend
from shop.events.tests.brokers import Broker
from shop.events.tests.things import ThingHappened, see
from tools.services.base import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP = "watchers"


@pytest.fixture(autouse=True)
def group(monkeypatch: pytest.MonkeyPatch) -> str:
    """Register the event and its one handler, in place of every app's; return the group's name."""
    monkeypatch.setitem(Event.registry, ThingHappened.type, ThingHappened)
    monkeypatch.setattr(registry, "handlers", defaultdict(lambda: defaultdict(list)))
    monkeypatch.setattr(registry, "jobs", {})
    registry.handles(ThingHappened.type, group=GROUP)(see)
    return GROUP


@pytest.fixture
def in_thread() -> Iterator[Callable[..., Any]]:
    """Return a function that runs another one in a thread, with a flag that the end of the test sets."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(function: Callable[..., Any], *args: Any) -> threading.Event:
        def run() -> None:
            try:
                function(*args, stop)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        threads.append(thread)
        thread.start()
        return stop

    yield start
    stop.set()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


@pytest.fixture
def child() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that runs a command in a process of its own, on this test's database."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*command: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "shop.events.tests.child", *command],
            env={**os.environ, "DATABASE_URL": database_url(), **environment},
            cwd=current.BASE_DIR,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def collect_sockets() -> Iterator[None]:
    """Let the garbage collector complain here, where it is expected, once the client's threads have ended."""
    yield
    until = time.monotonic() + 15
    for thread in threading.enumerate():
        # A producer that was given up is closed beside the test, for seconds where the machine is busy.
        if "kafka" in thread.name:
            thread.join(max(until - time.monotonic(), 0))
    gc.collect()


@pytest.fixture
def broker(kafka: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Broker:
    """Return the run's broker with a topic of the test's own."""
    found = Broker(kafka, monkeypatch, settings)
    create_topics()
    return found


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Broker:
    """Return one that nobody answers for."""
    return Broker(f"127.0.0.1:{free_port()}", monkeypatch, settings)


@pytest.fixture
def backend() -> Iterator[KafkaBackend]:
    """Return the relay's way to Kafka."""
    found = KafkaBackend()
    yield found
    found.close()


def database_url() -> str:
    """Return the address of the test database, for another process."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return f"postgresql://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def wait_for(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait until a condition holds; fail when it doesn't in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"It didn't happen within {seconds} s."
        time.sleep(0.02)
