"""Transactions: the durable door, and the guards that keep the network out of them."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from shop.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model, QuerySet

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound="Model")

# PostgreSQL's SQLSTATE for serialization_failure and deadlock_detected: another run may succeed.
_RETRYABLE = frozenset({"40001", "40P01"})
_LOCK_NOT_AVAILABLE = "55P03"
_TRIES = 3


class TransactionRequired(RuntimeError):
    """Raised when a write that must be atomic with others runs outside a transaction: a bug."""


class TransactionForbidden(RuntimeError):
    """Raised when the network is about to be used inside a transaction: a bug."""


def in_transaction() -> bool:
    """Tell whether a transaction is open; the block that a test case wraps around itself doesn't count."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def require_transaction(what: str) -> None:
    """
    Refuse to go on outside a transaction.

    :raises TransactionRequired: there is none.
    """
    if not in_transaction():
        raise TransactionRequired(f"{what} must run inside a transaction.")


def forbid_transaction(what: str) -> None:
    """
    Refuse to go on inside a transaction: a lock would be held for as long as the network takes.

    :raises TransactionForbidden: one is open.
    """
    if in_transaction():
        raise TransactionForbidden(f"{what} must not run inside a transaction.")


def use_case(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """
    Run one service call as one durable transaction: when this returns, it is committed.

    Waits at most 3 seconds for a lock. A deadlock or serialization failure is tried again, three times in
    all, after a short random pause.

    :raises Unavailable: a lock wasn't to be had in time; nothing is written.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            with transaction.atomic(durable=True):
                limit_lock_waits()
                return call(*args, **kwargs)
        except OperationalError as error:
            state = sqlstate(error)
            if state in _RETRYABLE and attempt < _TRIES:
                time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311  (jitter, not a secret)
                continue
            if state in _RETRYABLE or lock_timed_out(error):
                raise Unavailable(retry_after=1) from error
            raise
    raise AssertionError("unreachable")


def limit_lock_waits(milliseconds: int = 3000) -> None:
    """Bound the time this transaction waits for one lock; SQLite has its own bound in the settings."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # LOCAL ends with the transaction, so it is safe behind a pooler that hands connections around.
            cursor.execute(f"SET LOCAL lock_timeout = {int(milliseconds)}")


def lock_by_name(name: str) -> None:
    """
    Let one transaction at a time pass here, until it ends; for what no row stands for.

    On SQLite there is nothing to do: a transaction that writes is alone from its start.
    """
    require_transaction("Locking by name")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # The lock ends with the transaction, so it is safe behind a pooler that hands connections around.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])


def lock_table(model: type[Model]) -> None:
    """
    Let nobody write or lock a row of a table until the transaction ends; reading goes on.

    For what can't be told from rows that are there, and is rare: everybody who writes to it waits. On SQLite there is
    nothing to do: a transaction that writes is alone from its start.
    """
    require_transaction("Locking a table")
    if connection.vendor == "postgresql":
        name = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            # The weakest mode that waits for rows which are locked too: writing them here can't end in a circle.
            cursor.execute(f"LOCK TABLE {name} IN EXCLUSIVE MODE")


def check_references() -> None:
    """
    Have what this transaction refers to looked at now and not at its commit, where nobody could answer a refusal.

    What it refers to can't be deleted from then on. SQLite has one writer at a time: what was read is still there.

    :raises django.db.IntegrityError: somebody has deleted it.
    """
    require_transaction("Checking references")
    if connection.vendor == "postgresql":
        connection.check_constraints()


def sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's code for a database error, or None where there is none (SQLite)."""
    return getattr(error.__cause__, "pgcode", None)


def lock_timed_out(error: BaseException) -> bool:
    """Tell whether a database error means that a lock wasn't to be had in time."""
    return sqlstate(error) == _LOCK_NOT_AVAILABLE or "database is locked" in str(error)


def held(rows: QuerySet[M]) -> list[M]:
    """
    Return rows that nobody changes or deletes until the transaction ends; others may hold the same ones.

    Who is changing one is waited for, and what that leaves is returned. On SQLite a transaction that writes is alone
    from its start.
    """
    require_transaction("Holding rows")
    if connection.vendor != "postgresql":
        return list(rows)
    # Django knows only the locks that keep others out.
    sql, params = rows.query.sql_with_params()
    return list(rows.model._default_manager.raw(f"{sql} FOR SHARE", params))
