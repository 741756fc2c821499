import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import InterfaceError, OperationalError, connection

from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from shop.events import registry
from shop.events.backends import message_of
from shop.events.consumer import Outcome, Position, receive
from shop.events.models import DeadLetter, InboxEvent, ParkedEvent
from shop.events.tests.conftest import GROUP
from shop.events.tests.things import ThingHappened, happen, seen

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLACE = Position("shop.shop", 2, 41)


def hand(row, *, position=None, now=NOW):
    return receive(group=GROUP, message=message_of(row), position=position, now=now)


def altered(row, **changes):
    return json.dumps({**json.loads(message_of(row)), **changes}).encode()


def park(row):
    ParkedEvent.objects.create(
        group=GROUP,
        event_id=row.event_id,
        type=row.type,
        key=row.key,
        message=message_of(row).decode(),
        attempts=1,
        parked_at=NOW,
        next_attempt_at=NOW + timedelta(seconds=1),
    )


@pytest.mark.django_db
class TestReceive:
    def test_handles_an_event_and_remembers_it(self):
        (row,) = happen(1)

        assert hand(row) is Outcome.HANDLED

        assert seen(row.key) == [1]
        assert InboxEvent.objects.get().event_id == row.event_id

    def test_gives_handlers_the_parsed_event_and_the_time(self, group):
        (row,) = happen(7, note="hello")
        calls = []
        registry.handlers[group][ThingHappened.type] = [lambda event, now: calls.append((event, now))]

        hand(row)

        ((event, now),) = calls
        assert now == NOW
        assert (event.id, event.type, event.key) == (row.event_id, row.type, row.key)
        assert event.occurred_at == row.occurred_at
        assert event.fact == ThingHappened(thing_id=UUID(row.key), version=7, note="hello")

    def test_has_one_effect_when_it_comes_twice(self):
        (row,) = happen(1)

        assert [hand(row), hand(row)] == [Outcome.HANDLED, Outcome.DUPLICATE]

        assert seen() == [1]

    def test_handles_it_once_in_every_group(self):
        (row,) = happen(1)
        registry.handles(ThingHappened.type, group="others")(registry.handlers[GROUP][ThingHappened.type][0])

        hand(row)
        receive(group="others", message=message_of(row), position=None, now=NOW)

        assert seen() == [1, 1]
        assert sorted(InboxEvent.objects.values_list("group", flat=True)) == ["others", GROUP]

    def test_skips_a_type_nobody_asked_for(self):
        (row,) = happen(1)
        row.type = "shop.something_else.v1"

        assert hand(row, position=PLACE) is Outcome.SKIPPED

        assert not InboxEvent.objects.exists()
        assert not DeadLetter.objects.exists()

    def test_ignores_a_field_it_does_not_know(self):
        (row,) = happen(1)
        row.payload = {**row.payload, "added_later": True}

        assert hand(row) is Outcome.HANDLED


@pytest.mark.django_db
class TestDeadLetters:
    def test_what_is_no_event(self):
        assert receive(group=GROUP, message=b"\x00\xffhello", position=PLACE, now=NOW) is Outcome.DEAD

        letter = DeadLetter.objects.get()
        assert (letter.group, letter.event_id, letter.message) == (GROUP, None, "\\x00\\xffhello")
        assert (letter.topic, letter.partition, letter.offset) == ("shop.shop", 2, 41)
        assert letter.error.startswith("Refused: The message is no JSON")
        assert (letter.attempts, letter.died_at) == (1, NOW)

    def test_is_written_once_when_the_message_comes_twice(self):
        for _ in range(2):
            assert receive(group=GROUP, message=b"hello", position=PLACE, now=NOW) is Outcome.DEAD

        assert DeadLetter.objects.count() == 1

    def test_another_major_version(self):
        (row,) = happen(1)
        row.type = "shop.thing_happened.v2"

        assert [hand(row), hand(row)] == [Outcome.DEAD, Outcome.DUPLICATE]

        assert DeadLetter.objects.get().event_id == row.event_id
        assert seen() == []

    @pytest.mark.parametrize(
        "payload",
        [{"thing_id": "7", "version": 1}, {"version": 1}, {"thing_id": str(new_id()), "version": 1}],
    )
    def test_data_that_is_not_what_the_type_says(self, payload):
        (row,) = happen(1)
        row.payload = payload

        assert hand(row) is Outcome.DEAD

        assert DeadLetter.objects.get().event_id == row.event_id
        assert seen() == []

    def test_an_id_that_was_never_announced(self):
        (row,) = happen(1)

        forged = receive(group=GROUP, message=altered(row, id=str(new_id())), position=PLACE, now=NOW)

        assert forged is Outcome.DEAD
        assert DeadLetter.objects.get().event_id is None
        assert seen() == []

    @pytest.mark.parametrize("name", ["subject", "data"])
    def test_a_true_id_with_something_else_in_it(self, name):
        (row,) = happen(1)
        thing_id = str(new_id())
        forged = {"subject": thing_id, "data": {**row.payload, "thing_id": thing_id}}

        assert (
            receive(group=GROUP, message=altered(row, **{name: forged[name]}), position=PLACE, now=NOW)
            is Outcome.DEAD
        )

        assert seen() == []

    def test_a_forged_one_does_not_shut_out_the_true_one(self):
        (row,) = happen(1)
        receive(group=GROUP, message=altered(row, data={}), position=PLACE, now=NOW)

        assert hand(row, position=PLACE._replace(offset=42)) is Outcome.HANDLED

        assert seen() == [1]


@pytest.mark.django_db
class TestParking:
    def test_a_failing_event_is_parked_and_leaves_nothing_else(self):
        (row,) = happen(1, note="poison")

        assert hand(row, position=PLACE) is Outcome.PARKED

        assert seen() == []
        assert not InboxEvent.objects.exists()
        parked = ParkedEvent.objects.get()
        assert (parked.group, parked.event_id, parked.type, parked.key) == (
            GROUP,
            row.event_id,
            row.type,
            row.key,
        )
        assert parked.error == "ValueError: This thing can't be seen."
        assert (parked.attempts, parked.parked_at) == (1, NOW)
        assert parked.next_attempt_at == NOW + timedelta(seconds=1)
        assert (parked.topic, parked.partition, parked.offset) == ("shop.shop", 2, 41)

    def test_later_events_of_its_key_queue_and_others_flow(self):
        poison, follower = happen(1, note="poison") + happen(2)
        follower.key, follower.payload = poison.key, {**follower.payload, "thing_id": poison.key}
        (other,) = happen(1)

        assert [hand(poison), hand(follower), hand(other)] == [
            Outcome.PARKED,
            Outcome.QUEUED,
            Outcome.HANDLED,
        ]

        assert seen(poison.key) == []
        assert seen(other.key) == [1]
        queued = ParkedEvent.objects.get(event_id=follower.event_id)
        assert (queued.attempts, queued.error, queued.next_attempt_at) == (0, "", NOW)

    def test_a_redelivery_while_it_is_parked_changes_nothing(self):
        (row,) = happen(1, note="poison")

        assert [hand(row), hand(row)] == [Outcome.PARKED, Outcome.QUEUED]

        assert ParkedEvent.objects.get().attempts == 1

    def test_a_handled_event_that_comes_again_does_not_queue_behind_a_parked_one(self):
        first, second = happen(1, 2)
        hand(first)
        park(second)

        assert hand(first) is Outcome.DUPLICATE

        assert ParkedEvent.objects.count() == 1

    def test_a_queue_in_one_group_holds_nobody_up_in_another(self):
        first, second = happen(1, 2)
        park(first)
        registry.handles(ThingHappened.type, group="others")(registry.handlers[GROUP][ThingHappened.type][0])

        assert receive(group="others", message=message_of(second), position=None, now=NOW) is Outcome.HANDLED

    @pytest.mark.parametrize(
        "error", [OperationalError("server closed the connection"), InterfaceError("closed")]
    )
    def test_a_missing_database_is_raised_and_nothing_is_parked(self, group, error):
        (row,) = happen(1)

        def fail(_event, _now):
            raise error

        registry.handlers[group][ThingHappened.type] = [fail]

        with pytest.raises(type(error)):
            hand(row)

        assert not ParkedEvent.objects.exists()
        assert not InboxEvent.objects.exists()

    def test_an_outage_is_seen_through_the_error_it_caused(self, group):
        (row,) = happen(1)

        def fail(_event, _now):
            try:
                raise OperationalError("server closed the connection")
            except OperationalError as error:
                raise RuntimeError("could not look up") from error

        registry.handlers[group][ThingHappened.type] = [fail]

        with pytest.raises(RuntimeError):
            hand(row)

        assert not ParkedEvent.objects.exists()

    def test_a_statement_that_is_wrong_is_no_outage(self, group):
        (row,) = happen(1)

        def fail(_event, _now):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM no_such_table")

        registry.handlers[group][ThingHappened.type] = [fail]

        assert hand(row) is Outcome.PARKED

    def test_the_stored_error_holds_no_address(self, group):
        (row,) = happen(1)

        def fail(_event, _now):
            raise ValueError("no mail to ada@example.com\x00")

        registry.handlers[group][ThingHappened.type] = [fail]

        hand(row)

        assert ParkedEvent.objects.get().error == "ValueError: no mail to [redacted]\\x00"


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_twins_have_one_effect(self):
        for _ in range(5):
            (row,) = happen(1)
            outcomes: list[Outcome] = []
            together = threading.Barrier(4)

            def compete(row=row, outcomes=outcomes, together=together):
                together.wait()
                outcomes.append(hand(row))
                connection.close()

            threads = [threading.Thread(target=compete) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert seen(row.key) == [1]
            assert sorted(outcome.value for outcome in outcomes) == ["duplicate"] * 3 + ["handled"]
            assert AuditEntry.objects.filter(object_id=row.key).count() == 1
