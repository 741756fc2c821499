import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from shop.events import batches, registry
from shop.events.backends import message_of
from shop.events.batches import receive_all
from shop.events.consumer import Position
from shop.events.models import DeadLetter, InboxEvent, ParkedEvent
from shop.events.tests.conftest import GROUP
from shop.events.tests.things import ThingHappened, happen, keys, seen

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _together(group, monkeypatch):
    monkeypatch.setattr(registry, "together", {})
    registry.handle_together(group)


def hand(*rows_or_messages):
    receive_all(
        group=GROUP,
        messages=[
            (Position("shop.shop", 0, offset), said if isinstance(said, bytes) else message_of(said))
            for offset, said in enumerate(rows_or_messages)
        ],
        now=NOW,
    )


def parked():
    return list(ParkedEvent.objects.order_by("pk").values_list("event_id", "attempts"))


def many(count, **kwargs):
    return [row for _ in range(count) for row in happen(1, **kwargs)]


@pytest.mark.django_db
class TestTogether:
    def test_handles_each_event_in_order_and_remembers_it(self):
        first, other = happen(1, 2, 3), happen(1)

        hand(first[0], other[0], *first[1:])

        assert seen(first[0].key) == [1, 2, 3]
        assert seen(other[0].key) == [1]
        assert set(InboxEvent.objects.values_list("event_id", flat=True)) == {
            row.event_id for row in first + other
        }

    def test_asks_no_more_for_many_than_for_one(self, group):
        registry.handlers[group][ThingHappened.type] = [lambda event, now: None]
        counts = []
        for size in (1, 30):
            rows = many(size)
            with CaptureQueriesContext(
                connection,
            ) as asked:
                hand(*rows)
            counts.append(len(asked))

        assert counts[0] == counts[1]

    def test_has_one_effect_when_an_event_comes_twice(self):
        (row,) = happen(1)

        hand(row, row)
        hand(row)

        assert seen() == [1]

    def test_skips_a_type_nobody_asked_for(self):
        unheard, heard = many(2)
        unheard.type = "shop.something_else.v1"

        hand(unheard, heard)

        assert seen() == [1]
        assert InboxEvent.objects.get().event_id == heard.event_id


@pytest.mark.django_db
class TestApart:
    def test_a_failing_event_is_parked_alone_and_its_key_queues(self):
        before, after = many(2)
        poison, follower = happen(1, note="poison") + happen(2)
        follower.key, follower.payload = poison.key, {**follower.payload, "thing_id": poison.key}
        type(follower).objects.filter(pk=follower.pk).update(key=poison.key, payload=follower.payload)

        hand(before, poison, follower, after)

        assert seen(before.key) == [1]
        assert seen(after.key) == [1]
        assert seen(poison.key) == []
        assert parked() == [(poison.event_id, 1), (follower.event_id, 0)]
        assert InboxEvent.objects.count() == 2

    def test_several_failing_ones_are_found_among_many(self):
        rows = many(4) + many(1, note="poison") + many(5) + many(1, note="poison") + many(2)

        hand(*rows)

        assert [event_id for event_id, _ in parked()] == [rows[4].event_id, rows[10].event_id]
        assert {str(row.key) for row in rows} - {rows[4].key, rows[10].key} == set(
            AuditEntry.objects.filter(action="seen").values_list("object_id", flat=True)
        )

    def test_events_behind_a_parked_one_queue_and_the_others_are_handled(self):
        rows, (other,) = happen(1, 2, 3), happen(1)
        ParkedEvent.objects.create(
            group=GROUP,
            event_id=rows[0].event_id,
            type=rows[0].type,
            key=rows[0].key,
            message=message_of(rows[0]).decode(),
            attempts=1,
            parked_at=NOW,
            next_attempt_at=NOW + timedelta(seconds=1),
        )

        hand(rows[1], other, rows[2])

        assert keys([other]) == set(
            AuditEntry.objects.filter(action="seen").values_list("object_id", flat=True)
        )
        assert [event_id for event_id, _ in parked()] == [row.event_id for row in rows]

    def test_what_can_never_be_handled_is_a_dead_letter_and_the_others_are_handled(self):
        first, forged, another, last = many(4)
        forged.event_id = new_id()
        another.type = "shop.thing_happened.v2"

        hand(first, b"\x00", forged, another, last)

        assert len(seen()) == 2
        letters = DeadLetter.objects.order_by("offset").values_list("offset", "event_id")
        # The other major was announced as version 1, so its id isn't believed either.
        assert list(letters) == [(1, None), (2, None), (3, None)]

    def test_a_missing_database_is_raised_and_nothing_is_written(self, group):
        rows = many(3)

        def fail(event, _now):
            if event.id == rows[1].event_id:
                raise OperationalError("server closed the connection")

        registry.handlers[group][ThingHappened.type] = [fail]

        with pytest.raises(OperationalError):
            hand(*rows)

        assert not InboxEvent.objects.exists()
        assert not ParkedEvent.objects.exists()


def compete(rows):
    together = threading.Barrier(4)

    def take(seed):
        shuffled = random.Random(seed).sample(rows, len(rows))
        together.wait()
        hand(*shuffled)
        connection.close()

    threads = [threading.Thread(target=take, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_twins_that_get_the_same_messages_in_any_order_have_one_effect(self):
        rows = many(20)

        compete(rows)

        assert len(seen()) == 20
        assert {*AuditEntry.objects.filter(action="seen").values_list("object_id", flat=True)} == keys(rows)
        assert InboxEvent.objects.count() == 20
        assert not ParkedEvent.objects.exists()

    def test_control_without_the_claim_they_have_several(self, monkeypatch):
        monkeypatch.setattr(batches, "claim_all", lambda **said: set(said["event_ids"]))
        rows = many(5)

        compete(rows)

        assert len(seen()) > 5
