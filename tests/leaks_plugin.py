"""
Fails the test that writes a secret into a table, a log or a mail: card numbers, keys, secrets, sign-ins, reset tokens.

Events are rows of the outbox before they are anything else, so they are looked at there. Values of every INSERT and
UPDATE on every connection, every log record as its line is written, and every mail in the outbox are searched. A mail
may hold the token of its link (``leaks.ALLOWED_IN_MAIL``). A test that puts a secret somewhere on purpose says which:
``@pytest.mark.plants("card number")``; one that says so and doesn't fails too.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.db import connections
from django.db.backends.signals import connection_created

from tests.leaks import KINDS, LogWatch, Watch

if TYPE_CHECKING:
    from collections.abc import Generator

    from django.db.backends.base.base import BaseDatabaseWrapper

WATCH = Watch()


def pytest_configure() -> None:
    """Watch every connection that is opened from here on, in whatever thread, and what reaches the root of the logs."""
    connection_created.connect(_watch_connection, dispatch_uid="tests.leaks")
    for connection in connections.all(initialized_only=True):
        _watch_connection(connection)
    logging.getLogger().addHandler(LogWatch(WATCH))


def _watch_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if WATCH.statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(WATCH.statement)


def planted(item: pytest.Item) -> frozenset[str]:
    """Return which kinds a test says that it plants."""
    kinds = frozenset(kind for marker in item.iter_markers("plants") for kind in marker.args)
    assert kinds <= set(KINDS), f"plants() names something unknown: {sorted(kinds - set(KINDS))}"
    return kinds


def complain(found: list[tuple[str, str]], allowed: frozenset[str]) -> None:
    """Fail the running test for what it wrote and didn't say."""
    said = [f"{kind} in {place}" for kind, place in found if kind not in allowed]
    if said:
        pytest.fail(f"Written by this test: {'; '.join(said)}", pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin anew."""
    WATCH.take()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Look at what the test and its fixtures have written."""
    yield
    WATCH.mails(getattr(mail, "outbox", ()))
    found, allowed = WATCH.take(), planted(item)
    complain(found, allowed)
    unused = allowed - {kind for kind, _ in found}
    if unused:
        pytest.fail(f"This test plants no {', '.join(sorted(unused))}.", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Look at what the end of its fixtures has written."""
    yield
    complain(WATCH.take(), planted(item))
