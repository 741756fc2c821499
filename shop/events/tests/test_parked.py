import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from shop.events import registry
from shop.events.backends import message_of
from shop.events.consumer import Outcome, receive
from shop.events.failures import MOST_TRIES, RETRY_AFTER
from shop.events.models import DeadLetter, InboxEvent, ParkedEvent
from shop.events.parked import retry_parked
from shop.events.tests.conftest import GROUP
from shop.events.tests.things import ThingHappened, happen, see, seen

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


def hand(*rows, now=NOW):
    return [receive(group=GROUP, message=message_of(row), position=None, now=now) for row in rows]


def fail(_event, _now):
    raise ValueError("still broken")


@pytest.fixture
def broken(group):
    """Break the handler; return the function that mends it."""
    registry.handlers[group][ThingHappened.type] = [fail]

    def mend():
        registry.handlers[group][ThingHappened.type] = [see]

    return mend


@pytest.mark.django_db
class TestRetryParked:
    def test_handles_what_works_by_now_and_what_queued_behind_it_in_order(self, broken):
        rows = happen(1, 2, 3)
        assert hand(*rows) == [Outcome.PARKED, Outcome.QUEUED, Outcome.QUEUED]
        broken()

        assert retry_parked(now=LATER) == 3

        assert seen(rows[0].key) == [1, 2, 3]
        assert not ParkedEvent.objects.exists()
        assert InboxEvent.objects.count() == 3

    def test_leaves_what_is_not_due(self, broken):
        hand(*happen(1, 2))
        broken()

        assert retry_parked(now=LATER - timedelta(milliseconds=1)) == 0

        assert seen() == []
        assert ParkedEvent.objects.count() == 2

    def test_waits_longer_after_each_failure_then_gives_up(self, broken):
        poison, follower = happen(1, 2)
        hand(poison, follower)
        now, waits = NOW, []
        while ParkedEvent.objects.filter(event_id=poison.event_id).exists():
            due = ParkedEvent.objects.get(event_id=poison.event_id).next_attempt_at
            waits.append(due - now)
            now = due
            if len(waits) == MOST_TRIES - 1:
                broken()
                registry.handlers[GROUP][ThingHappened.type] = [fail_on(1)]
            retry_parked(now=now)

        assert waits == list(RETRY_AFTER)
        letter = DeadLetter.objects.get()
        assert (letter.event_id, letter.key, letter.attempts, letter.died_at) == (
            poison.event_id,
            poison.key,
            8,
            now,
        )
        assert letter.error == "ValueError: not this one"
        assert letter.message == message_of(poison).decode()
        assert seen(poison.key) == [2]

    def test_a_dead_letter_that_comes_again_stays_dead(self, broken):
        (row,) = happen(1)
        hand(row)
        ParkedEvent.objects.update(attempts=MOST_TRIES - 1)
        retry_parked(now=LATER)
        broken()

        assert hand(row) == [Outcome.DUPLICATE]

        assert seen() == []
        assert DeadLetter.objects.count() == 1

    def test_a_failing_key_does_not_hold_up_another(self, group):
        poison, other = new_id(), new_id()
        registry.handlers[group][ThingHappened.type] = [fail]
        hand(*happen(1, thing_id=poison), *happen(1, thing_id=other))
        registry.handlers[group][ThingHappened.type] = [fail_for(poison)]

        retry_parked(now=LATER)

        assert seen(other) == [1]
        assert ParkedEvent.objects.get().key == str(poison)
        assert ParkedEvent.objects.get().attempts == 2

    def test_what_the_code_can_no_longer_read_dies_at_once(self, broken):
        hand(*happen(1))
        registry.handlers[GROUP]["shop.thing_happened.v2"] = [see]
        del registry.handlers[GROUP][ThingHappened.type]

        retry_parked(now=LATER)

        assert DeadLetter.objects.get().error.endswith("the group asked for another major version.")

    def test_what_nobody_hears_any_more_is_let_go(self, broken):
        hand(*happen(1))
        del registry.handlers[GROUP][ThingHappened.type]

        assert retry_parked(now=LATER) == 1

        assert not ParkedEvent.objects.exists()
        assert not DeadLetter.objects.exists()

    def test_an_outage_is_no_try(self, broken, group):
        hand(*happen(1))

        def away(_event, _now):
            raise OperationalError("server closed the connection")

        registry.handlers[group][ThingHappened.type] = [away]

        with pytest.raises(OperationalError):
            retry_parked(now=LATER)

        assert ParkedEvent.objects.get().attempts == 1

    def test_a_parked_event_that_a_twin_has_handled_just_goes(self, broken):
        (row,) = happen(1)
        hand(row)
        broken()
        InboxEvent.objects.create(group=GROUP, event_id=row.event_id, handled_at=NOW)

        retry_parked(now=LATER)

        assert seen() == []
        assert not ParkedEvent.objects.exists()

    def test_costs_one_statement_when_nothing_is_parked(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert retry_parked(now=NOW) == 0


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_redelivery_and_several_retries_at_once_have_one_effect_each_in_order(self, broken):
        rows = happen(*range(1, 13))
        hand(*rows[:8])
        broken()
        together = threading.Barrier(4)

        def retry():
            together.wait()
            for _ in range(10):
                retry_parked(now=LATER)
            connection.close()

        def redeliver():
            together.wait()
            hand(*rows, now=LATER)
            connection.close()

        threads = [threading.Thread(target=target) for target in (retry, retry, retry, redeliver)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        retry_parked(now=LATER)

        assert seen(rows[0].key) == list(range(1, 13))
        assert AuditEntry.objects.count() == 12
        assert not ParkedEvent.objects.exists()


def fail_on(version):
    def handle(event, now):
        if event.fact.version == version:
            raise ValueError("not this one")
        see(event, now)

    return handle


def fail_for(thing_id):
    def handle(event, now):
        if event.key == str(thing_id):
            raise ValueError("not this one")
        see(event, now)

    return handle
