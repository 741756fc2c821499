"""Transactions: the door commits or nothing is written, and the network stays out."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from shop.core.errors import Unavailable
from shop.core.transactions import (
    TransactionForbidden,
    TransactionRequired,
    forbid_transaction,
    in_transaction,
    require_transaction,
    use_case,
)
from shop.events.models import InboxEvent


def _write(group: str = "tests") -> None:
    InboxEvent.objects.create(
        group=group, event_id="018f0000-0000-7000-8000-000000000001", handled_at=timezone.now()
    )


class _Refused(Exception):
    pass


def _database_says(state: str | None, text: str = "no") -> OperationalError:
    class Cause(Exception):
        pgcode = state

    error = OperationalError(text)
    error.__cause__ = Cause()
    return error


@pytest.mark.django_db
class TestGuards:
    def test_a_tests_own_block_does_not_count(self):
        assert connection.in_atomic_block
        assert not in_transaction()
        forbid_transaction("The network")
        with pytest.raises(TransactionRequired, match="A write must run inside"):
            require_transaction("A write")

    def test_a_block_of_the_shop_counts(self):
        with transaction.atomic():
            require_transaction("A write")
            with pytest.raises(TransactionForbidden, match="The network must not run inside"):
                forbid_transaction("The network")


@pytest.mark.django_db(transaction=True)
class TestUseCase:
    def test_commits_what_the_call_wrote(self):
        use_case(_write)

        assert not in_transaction()
        assert InboxEvent.objects.count() == 1

    def test_returns_what_the_call_returns(self):
        def call(a: int, *, b: int) -> tuple[int, int, bool]:
            return a, b, in_transaction()

        assert use_case(call, 1, b=2) == (1, 2, True)

    def test_a_refusal_leaves_nothing(self):
        def write_and_refuse() -> None:
            _write()
            raise _Refused

        with pytest.raises(_Refused):
            use_case(write_and_refuse)

        assert not InboxEvent.objects.exists()

    def test_cannot_stand_inside_another_transaction(self):
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            use_case(_write)

        assert not InboxEvent.objects.exists()

    @pytest.mark.parametrize("state", ["40001", "40P01"])
    def test_tries_again_after_a_deadlock(self, state, monkeypatch):
        monkeypatch.setattr("shop.core.transactions.time.sleep", lambda _: None)
        tries = []

        def fail_twice() -> str:
            tries.append(1)
            _write()
            if len(tries) < 3:
                raise _database_says(state)
            return "done"

        assert use_case(fail_twice) == "done"
        assert len(tries) == 3
        assert InboxEvent.objects.count() == 1

    @pytest.mark.parametrize(
        ("error", "tries"),
        [
            (_database_says("40P01"), 3),
            (_database_says("55P03"), 1),
            (_database_says(None, "database is locked"), 1),
        ],
    )
    def test_is_unavailable_when_the_lock_is_not_to_be_had(self, error, tries, monkeypatch):
        monkeypatch.setattr("shop.core.transactions.time.sleep", lambda _: None)
        calls = []

        def never() -> None:
            calls.append(1)
            raise error

        with pytest.raises(Unavailable) as refused:
            use_case(never)

        assert refused.value.retry_after == 1
        assert len(calls) == tries

    def test_another_failure_of_the_database_is_passed_on(self):
        def broken() -> None:
            raise _database_says("08006", "the connection is gone")

        with pytest.raises(OperationalError, match="the connection is gone"):
            use_case(broken)
