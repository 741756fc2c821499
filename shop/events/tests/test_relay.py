import time
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from shop.core.ids import new_id
from shop.core.transactions import TransactionForbidden
from shop.events import local, relay
from shop.events.backends import Fate, Sent
from shop.events.leases import LeaseKeeper
from shop.events.local import LocalBackend
from shop.events.models import InboxEvent, Lease, OutboxEvent, ParkedEvent
from shop.events.relay import LeaseLost, due_rows, publish_batch, run_relay
from shop.events.tests.conftest import wait_for
from shop.events.tests.things import happen, seen


class Lead:
    """A lease that is held until told otherwise."""

    held = True
    confirmed = True

    def confirm(self):
        return self.confirmed


class Fake:
    """A backend that remembers what it was sent, and answers as it is told: acknowledged unless said otherwise."""

    def __init__(self, **fates):
        self.sends = []
        self.fates = fates

    def send(self, rows):
        self.sends.append([row.pk for row in rows])
        return [self.fates.get(f"_{row.pk}", Sent(Fate.ACKED)) for row in rows]

    def close(self):
        pass

    @property
    def sent(self):
        return [pk for wave in self.sends for pk in wave]


def published():
    return list(
        OutboxEvent.objects.filter(published_at__isnull=False).order_by("pk").values_list("pk", flat=True)
    )


@pytest.mark.django_db
class TestPublishBatch:
    def test_sends_marks_and_sends_nothing_twice(self):
        rows, backend = happen(1, 2), Fake()

        publish_batch(backend, Lead())
        publish_batch(backend, Lead())

        assert backend.sent == [row.pk for row in rows] == published()

    def test_sends_one_of_a_key_at_a_time(self):
        first, second = happen(1, 2)
        (other,) = happen(1)
        backend = Fake()

        publish_batch(backend, Lead())

        assert backend.sends == [[first.pk, other.pk], [second.pk]]

    def test_finds_a_row_whose_number_is_lower_than_the_last_one_sent(self):
        late, early = happen(1, 2)
        OutboxEvent.objects.filter(pk=late.pk).update(published_at=Now())
        backend = Fake()
        publish_batch(backend, Lead())
        OutboxEvent.objects.filter(pk=late.pk).update(published_at=None)

        publish_batch(backend, Lead())

        assert backend.sent == [early.pk, late.pk]

    @pytest.mark.parametrize("fate", [Fate.RETRY, Fate.NEVER, Fate.AWAY])
    def test_a_failure_stops_its_key_and_no_other(self, fate):
        first, second, third = happen(1, 2, 3)
        others = happen(1, 2)
        backend = Fake(**{f"_{second.pk}": Sent(fate, "broken")})

        publish_batch(backend, Lead())

        assert third.pk not in backend.sent
        assert published() == sorted([first.pk, *(row.pk for row in others)])

    def test_a_row_that_fails_waits_longer_each_time_and_holds_its_key_back(self):
        first, second = happen(1, 2)
        backend = Fake(**{f"_{first.pk}": Sent(Fate.RETRY, "no leader")})
        waits = []
        for _ in range(9):
            before = timezone.now()
            publish_batch(backend, Lead())
            row = OutboxEvent.objects.get(pk=first.pk)
            assert row.next_attempt_at is not None
            waits.append(round((row.next_attempt_at - before).total_seconds(), 1))
            assert due_rows(now=before) == []
            OutboxEvent.objects.filter(pk=first.pk).update(next_attempt_at=before)

        assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
        assert (row.attempts, row.error, row.parked_at) == (9, "no leader", None)
        assert second.pk not in backend.sent

        backend.fates.clear()
        publish_batch(backend, Lead())

        assert published() == [first.pk, second.pk]
        assert OutboxEvent.objects.get(pk=first.pk).error == ""

    def test_a_row_that_can_never_go_parks_its_key(self):
        first, second = happen(1, 2)
        backend = Fake(**{f"_{first.pk}": Sent(Fate.NEVER, "too large")})

        publish_batch(backend, Lead())
        publish_batch(backend, Lead())

        assert backend.sent == [first.pk]
        row = OutboxEvent.objects.get(pk=first.pk)
        assert row.parked_at is not None
        assert (row.published_at, row.error) == (None, "too large")
        assert OutboxEvent.objects.get(pk=second.pk).published_at is None

    def test_a_long_queue_behind_a_parked_row_starves_nobody(self, monkeypatch):
        monkeypatch.setattr(relay, "BATCH", 5)
        stuck = happen(*range(1, 20))
        OutboxEvent.objects.filter(pk=stuck[0].pk).update(parked_at=Now())
        (other,) = happen(1)
        backend = Fake()

        publish_batch(backend, Lead())

        assert backend.sent == [other.pk]

    def test_an_outage_blames_no_row(self):
        (row,) = happen(1)

        batch = publish_batch(Fake(**{f"_{row.pk}": Sent(Fate.AWAY, "no broker")}), Lead())

        assert batch.away == "no broker"
        row.refresh_from_db()
        assert (row.attempts, row.next_attempt_at, row.error) == (0, None, "")

    def test_marks_nothing_without_the_lease(self):
        happen(1)
        lead = Lead()
        lead.confirmed = False

        with pytest.raises(LeaseLost):
            publish_batch(Fake(), lead)

        assert published() == []

    def test_sends_nothing_more_once_the_lease_is_gone(self):
        first, _second = happen(1, 2)
        lead = Lead()

        class Losing(Fake):
            def send(self, rows):
                lead.held = False
                return super().send(rows)

        backend = Losing()
        publish_batch(backend, lead)

        assert backend.sent == [first.pk]

    def test_an_idle_poll_is_one_read(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            publish_batch(Fake(), Lead())


@pytest.mark.django_db
class TestLocalBackend:
    def test_hands_rows_to_the_groups(self):
        happen(1, 2)

        publish_batch(LocalBackend(), Lead())
        publish_batch(LocalBackend(), Lead())

        assert seen() == [1, 2]

    def test_what_fails_in_a_group_is_published_and_parked_there(self):
        happen(1, note="poison")

        publish_batch(LocalBackend(), Lead())

        assert len(published()) == 1
        assert ParkedEvent.objects.count() == 1

    def test_what_is_no_json_can_never_go(self):
        (row,) = happen(1)
        row.payload = {"x": float("nan")}

        (sent,) = LocalBackend().send([row])

        assert sent.fate is Fate.NEVER

    def test_a_missing_database_is_an_outage_for_all_that_follow(self, monkeypatch):
        def away(**_kwargs):
            raise OperationalError("server closed the connection")

        monkeypatch.setattr(local, "receive", away)

        fates = LocalBackend().send(happen(1) + happen(1))

        assert [sent.fate for sent in fates] == [Fate.AWAY, Fate.AWAY]

    def test_refuses_to_run_inside_a_transaction(self):
        rows = happen(1)

        with transaction.atomic(), pytest.raises(TransactionForbidden):
            LocalBackend().send(rows)


@pytest.mark.django_db
def test_pruning_keeps_what_a_topic_may_still_have():
    old, young, waiting = happen(1, 2, 3)
    now = timezone.now()
    OutboxEvent.objects.filter(pk=old.pk).update(published_at=now - relay.KEEP - timedelta(seconds=1))
    OutboxEvent.objects.filter(pk=young.pk).update(published_at=now - relay.KEEP + timedelta(seconds=1))
    OutboxEvent.objects.filter(pk=waiting.pk).update(occurred_at=now - 2 * relay.KEEP)

    assert relay.prune_outbox(now=now) == 1

    assert list(OutboxEvent.objects.order_by("pk")) == [young, waiting]


@pytest.mark.django_db(transaction=True)
class TestRunRelay:
    def test_two_relays_publish_everything_once_and_in_order(self, in_thread):
        in_thread(run_relay)
        in_thread(run_relay)

        things = [new_id() for _ in range(5)]
        for version in range(1, 11):
            for thing in things:
                happen(version, thing_id=thing)

        wait_for(lambda: len(seen()) == 50)
        assert all(seen(thing) == list(range(1, 11)) for thing in things)
        wait_for(lambda: len(published()) == 50)

    def test_the_standby_takes_over_when_the_leader_is_gone(self, in_thread):
        dead = LeaseKeeper(relay.LEASE)
        Lease.objects.create(name=relay.LEASE, holder=dead.holder, until=Now() + timedelta(seconds=1))
        happen(1)

        in_thread(run_relay)

        time.sleep(0.5)
        assert seen() == []
        wait_for(lambda: seen() == [1], seconds=5)

    def test_one_that_was_stopped_marks_nothing_after_its_successor_took_over(self):
        """R5: the resumed relay's batch arrives again; its successor's marks stand."""
        with LeaseKeeper(relay.LEASE) as stopped:
            wait_for(lambda: stopped.held)
            happen(1)

            class Slow(LocalBackend):
                def send(self, rows):
                    Lease.objects.update(holder="successor", until=Now() + timedelta(seconds=10))
                    return super().send(rows)

            with pytest.raises(LeaseLost):
                publish_batch(Slow(), stopped)

        assert published() == []
        assert seen() == [1]
        assert publish_batch(LocalBackend(), Lead()).acked == [OutboxEvent.objects.get().pk]
        assert seen() == [1]

    def test_survives_an_outage_of_the_backend_without_a_tight_loop(self, in_thread, monkeypatch):
        sends = []

        class Away(Fake):
            def send(self, rows):
                sends.append(time.monotonic())
                return [Sent(Fate.AWAY, "no broker")] * len(rows)

        monkeypatch.setattr(relay, "make_backend", Away)
        happen(1)
        in_thread(run_relay)

        time.sleep(2.5)

        assert 1 <= len(sends) <= 6
        assert published() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "place",
    ["relay.after_select", "relay.sent_before_ack", "relay.after_ack_before_mark", "relay.partial_batch"],
)
def test_nothing_is_lost_and_order_holds_when_the_relay_is_killed(place, child):
    things = [new_id() for _ in range(4)]
    for version in range(1, 4):
        for thing in things:
            happen(version, thing_id=thing)

    killed = child("publish_events", SHOP_FAILPOINTS=f"{place}=kill9")
    assert killed.wait(60) == -9
    assert published() == []

    follower = child("publish_events")
    wait_for(lambda: len(published()) == 12, seconds=40)
    follower.terminate()

    assert follower.wait(20) == 0
    assert [seen(thing) for thing in things] == [[1, 2, 3]] * 4
    assert InboxEvent.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_sigterm_ends_the_command_with_zero_and_gives_the_lease_back(child):
    running = child("publish_events")
    happen(1)
    wait_for(lambda: seen() == [1], seconds=40)

    running.terminate()

    assert running.wait(8) == 0
    assert not Lease.objects.filter(until__gt=Now()).exists()
