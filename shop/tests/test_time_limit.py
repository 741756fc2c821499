"""Reads that may not take long."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError, connection, transaction

from shop.core.errors import Unavailable
from shop.core.time_limit import time_limit

pytestmark = pytest.mark.django_db(transaction=True)
ENDLESS = {
    "postgresql": "SELECT pg_sleep(60)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
}


def ask(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_ends_what_takes_too_long_and_the_connection_works_on():
    before = time.monotonic()
    with pytest.raises(Unavailable) as refusal, time_limit(50):
        ask(ENDLESS[connection.vendor])

    assert time.monotonic() - before < 20
    assert refusal.value.retry_after == 2
    assert isinstance(refusal.value.__cause__, OperationalError)
    assert ask("SELECT 1") == 1
    assert not connection.in_atomic_block


def test_leaves_what_is_quick_and_other_errors_alone():
    with time_limit(10_000):
        assert ask("SELECT 1") == 1
    with pytest.raises(ZeroDivisionError), time_limit(50):
        raise ZeroDivisionError
    with pytest.raises(OperationalError, match="other"), time_limit(50):
        raise OperationalError("other")


@pytest.mark.needs_sqlite
def test_is_no_transaction_on_sqlite():
    """It would wait there for whoever writes."""
    with time_limit(1):
        assert not connection.in_atomic_block
    # Nothing is left of the limit.
    time.sleep(0.01)
    assert (
        ask(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99999) SELECT max(i) FROM n"
        )
        == 99999
    )


@pytest.mark.needs_postgres
def test_ends_with_its_transaction_on_postgres():
    before = ask("SHOW statement_timeout")
    with time_limit(1000):
        assert ask("SHOW statement_timeout") == "1s"
    assert ask("SHOW statement_timeout") == before
    with transaction.atomic():
        with time_limit(1000):
            assert ask("SHOW statement_timeout") == "1s"
        assert ask("SHOW statement_timeout") == before
        with pytest.raises(Unavailable), time_limit(50):
            ask(ENDLESS["postgresql"])
        assert ask("SHOW statement_timeout") == before
