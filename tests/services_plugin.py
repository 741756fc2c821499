"""
Real servers for tests: started for the first test that needs them, one of each for a whole run, workers included.

A test says what it needs by a marker (``needs_kafka``) and takes the address from a fixture (``kafka``). Where the
machine lacks it the test is skipped with the reason, counted in the summary; with REQUIRE_SERVICES=1 it fails, unless
it needs stripe-mock alone, which is built by a Go that nothing else here needs.

The suite runs in two passes. The plain one uses SQLite; ``TEST_DATABASE=postgres`` starts PostgreSQL and runs
everything on it. So a test marked ``needs_postgres`` takes no server: it uses Django's connection, and is skipped in
the SQLite pass (where there is no PostgreSQL at all it counts as missing a service). ``needs_sqlite`` is its mirror,
and ``once`` marks tests that a second database would only repeat.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from tests.environment import KEEPER, POSTGRES_PASS
from tools.services import KINDS, Kafka, Postgres, Redis, Service, ServiceFailed, ServiceMissing, StripeMock
from tools.services.keeper import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MISSING: Final = "missing service: "
OTHER_PASS: Final = "left to the other pass: "
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


@cache
def why_missing(name: str) -> str | None:
    """Return why this machine can't run a service or a browser, or None when it can."""
    if name == "browser":
        return None if any(map(shutil.which, BROWSERS)) else f"browser: no {BROWSERS[0]} on PATH"
    reason = KINDS[name].available()
    return f"{name}: {reason}" if reason else None


def do_without(reason: str) -> None:
    """Skip the running test for a missing service, or fail it where that one is required."""
    if os.environ.get("REQUIRE_SERVICES") == "1" and not reason.startswith(f"{StripeMock.name}:"):
        pytest.fail(f"{MISSING}{reason}", pytrace=False)
    pytest.skip(f"{MISSING}{reason}")


def url_of(name: str) -> str:
    """Return the address of a shared service, started now if it wasn't."""
    try:
        return ask(os.environ[KEEPER], name)
    except ServiceMissing as error:
        do_without(str(error))
    except ServiceFailed as error:
        pytest.fail(str(error), pytrace=False)
    raise AssertionError("skip and fail raise")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start PostgreSQL when the whole suite runs on it, before any worker does."""
    if POSTGRES_PASS and not hasattr(session.config, "workerinput") and not session.config.option.collectonly:
        url_of(Postgres.name)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, in the random order it came in, so that no worker is left with it at the end."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("timeout", "needs_kafka"))))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what belongs to the other pass, and what needs a service that this machine lacks."""
    for name in ("postgres", "kafka", "redis", "stripe_mock", "browser"):
        reason = why_missing(name) if item.get_closest_marker(f"needs_{name}") else None
        if reason:
            do_without(reason)
    if POSTGRES_PASS and (item.get_closest_marker("needs_sqlite") or item.get_closest_marker("once")):
        pytest.skip(f"{OTHER_PASS}sqlite")
    if not POSTGRES_PASS and item.get_closest_marker("needs_postgres"):
        pytest.skip(f"{OTHER_PASS}postgres")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Close with what was left out, and why."""
    # The reason of a skip is the last of three: file, line, reason.
    reasons = [report.longrepr[-1] for report in terminalreporter.stats.get("skipped", [])]
    missing = Counter(text.partition(MISSING)[2] for text in reasons if MISSING in text)
    other = Counter(text.partition(OTHER_PASS)[2] for text in reasons if OTHER_PASS in text)
    for name, count in other.items():
        terminalreporter.write_line(f"left to the pass on {name}: {count}")
    if missing:
        terminalreporter.write_line(
            f"skipped for missing services: {missing.total()} ({'; '.join(sorted(missing))})"
        )


@pytest.fixture(scope="session")
def postgres() -> str:
    """Return the URL of the database `shop` on the run's PostgreSQL, in either pass."""
    return url_of(Postgres.name)


@pytest.fixture(scope="session")
def kafka() -> str:
    """
    Return the bootstrap address of the run's Kafka.

    Workers share it: use topics and groups of your own, or a broker of your own by ``own_service``.
    """
    return url_of(Kafka.name)


@pytest.fixture(scope="session")
def redis_server() -> str:
    """Return the URL of the run's Redis: a numbered database for each worker."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{url_of(Redis.name).removesuffix('/0')}/{int(number) % 16}"


@pytest.fixture(scope="session")
def stripe_mock() -> str:
    """Return the address of the run's stripe-mock; it remembers nothing, so workers can't meet there."""
    return url_of(StripeMock.name)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Return the path of Chromium."""
    reason = why_missing("browser")
    if reason:
        do_without(reason)
    return next(path for name in BROWSERS if (path := shutil.which(name)))


@pytest.fixture
def own_service() -> Iterator[Callable[[type[Service]], Service]]:
    """Return a function that starts a service for this test alone, which may kill and restart it."""
    started: list[Service] = []

    def start(kind: type[Service]) -> Service:
        reason = why_missing(kind.name)
        if reason:
            do_without(reason)
        service = kind()
        started.append(service)
        try:
            return service.start()
        except ServiceMissing as error:
            do_without(str(error))
        raise AssertionError("skip and fail raise")

    yield start
    for service in started:
        service.close()
