"""How long statements may keep the database busy."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction

from shop.core.errors import Unavailable
from shop.core.transactions import sqlstate

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

# PostgreSQL's SQLSTATE for query_canceled.
_CANCELED = "57014"
# SQLite asks after so many steps of its machine whether to go on: some tenths of a millisecond.
_STEPS = 20_000
_RETRY_AFTER = 2


@contextmanager
def time_limit(milliseconds: int) -> Iterator[None]:
    """
    Bound the reads inside the block: on PostgreSQL each statement, on SQLite all of them together.

    Transaction: on PostgreSQL its own, so that the limit ends with it on whatever connection a pooler gives; on
    SQLite none, since a reader would wait there for whoever writes.

    :raises Unavailable: the time ran out; the connection can be used on.
    """
    try:
        with _on_postgres(milliseconds) if connection.vendor == "postgresql" else _on_sqlite(milliseconds):
            yield
    except OperationalError as error:
        if sqlstate(error) != _CANCELED and str(error) != "interrupted":
            raise
        logger.warning("A statement was ended after %d ms.", milliseconds)
        raise Unavailable(retry_after=_RETRY_AFTER) from error


@contextmanager
def _on_postgres(milliseconds: int) -> Iterator[None]:
    inside_another = connection.in_atomic_block
    with transaction.atomic():
        _set_timeout(str(int(milliseconds)))
        yield
        if inside_another:
            # What a savepoint has set outlives it.
            _set_timeout("DEFAULT")


def _set_timeout(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {value}")


@contextmanager
def _on_sqlite(milliseconds: int) -> Iterator[None]:
    connection.ensure_connection()
    end = time.monotonic() + milliseconds / 1000
    # The same one at both ends: the connection inside may be closed, and is another one then.
    opened = connection.connection
    opened.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    finally:
        opened.set_progress_handler(None, 0)
