"""What a failure means: an outage that passes, or an event that can't be handled; and how it is written down."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connection

from shop.api.logs import redact
from shop.core.transactions import sqlstate

if TYPE_CHECKING:
    from collections.abc import Iterator

# After the first try and each further one. The eighth failure is the last: some eight minutes in all, long enough
# for a deployment or a restart to heal most, short enough for the events of the same key that wait behind.
RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (1, 3, 8, 20, 50, 120, 300))
MOST_TRIES = len(RETRY_AFTER) + 1

# PostgreSQL's classes for a lost connection, no resources, an operator's intervention and a failing system, and
# "read only" as a standby says it. A cancelled statement (57014) is the statement's fault.
_OUTAGE_CLASSES = ("08", "53", "57", "58")
_READ_ONLY, _CANCELLED = "25006", "57014"
# SQLite has one error for everything; these are the statement's fault.
_STATEMENT_FAULTS = ("no such ", "near ", "ambiguous column", "too many ")


def is_outage(error: BaseException) -> bool:
    """Tell whether an error, or what caused it, means that the database doesn't work just now."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, InterfaceError) or (isinstance(found, OperationalError) and _is_away(found)):
            return True
        found = found.__cause__ or found.__context__
    return False


def _is_away(error: OperationalError) -> bool:
    state = sqlstate(error)
    if state is not None:
        return (state[:2] in _OUTAGE_CLASSES or state == _READ_ONLY) and state != _CANCELLED
    if connection.vendor == "sqlite":
        return not str(error).startswith(_STATEMENT_FAULTS)
    # psycopg2 gives no code when the connection broke before the server could say one.
    return True


def describe(error: BaseException) -> str:
    """Return an error as it is stored and shown: its name and what it says, bounded, without secrets."""
    # What PostgreSQL adds to a refusal is the whole row, with whatever personal stands in it.
    said = str(error).partition("\nDETAIL:")[0]
    return clean(redact(f"{type(error).__name__}: {said}"))[:2000]


def clean(text: str) -> str:
    """Return text without the one character that PostgreSQL can't store."""
    return text.replace("\x00", "\\x00")


def pauses(*, first: float, longest: float) -> Iterator[float]:
    """Yield seconds to wait: doubling up to the longest, each shortened at random so that many don't go in step."""
    seconds = first
    while True:
        yield seconds * random.uniform(0.75, 1)  # noqa: S311  (jitter, not a secret)
        seconds = min(seconds * 2, longest)
