import json
import signal
import threading
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction

from shop.core.ids import new_id
from shop.core.transactions import TransactionForbidden
from shop.events import consumer, loop
from shop.events.backends import Fate, message_of
from shop.events.kafka import create_topics
from shop.events.kafka_subscription import Subscription
from shop.events.loop import consume
from shop.events.models import DeadLetter, InboxEvent, Lease, OutboxEvent, ParkedEvent
from shop.events.relay import publish_batch, run_relay
from shop.events.tests.brokers import Broker, first_versions
from shop.events.tests.conftest import wait_for
from shop.events.tests.test_relay import Lead, published
from shop.events.tests.things import random_name, seen
from tools.services import Kafka

pytestmark = [
    pytest.mark.needs_kafka,
    # The broker is what is tried here; with PostgreSQL beside it, the end-to-end tests and the outage try both.
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    # The client leaves the sockets of failed connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collect_sockets"),
]


class TestSend:
    def test_sends_the_envelope_under_the_key(self, broker, backend):
        rows = broker.happen(1) + broker.happen(1)

        assert [sent.fate for sent in backend.send(rows)] == [Fate.ACKED, Fate.ACKED]

        assert sorted(record.value for record in broker.records()) == sorted(message_of(row) for row in rows)

    def test_what_is_too_large_can_never_go_and_others_do(self, broker, backend):
        large, small = broker.happen(1, note="x" * 1_100_000) + broker.happen(1)

        fates = backend.send([large, small])

        assert [sent.fate for sent in fates] == [Fate.NEVER, Fate.ACKED]
        assert "MessageSizeTooLarge" in fates[0].error

    def test_what_the_broker_finds_too_large_takes_no_innocent_row_along(self, broker, backend):
        # Smaller than the client's limit, larger than the broker's once the record's own overhead is added.
        broker.configure(max_message_bytes="10000")
        large, small = broker.happen(1, note="x" * 20_000) + broker.happen(1)

        fates = backend.send([large, small])

        assert [sent.fate for sent in fates] == [Fate.NEVER, Fate.ACKED]

    def test_a_missing_topic_holds_back_its_own_rows_only(self, broker, backend):
        lost, fine = broker.happen(1) + broker.happen(1)
        lost.topic = f"shop.{random_name()}"

        fates = backend.send([lost, fine])

        assert [sent.fate for sent in fates] == [Fate.RETRY, Fate.ACKED]

    @pytest.mark.parametrize("topic", ["shop orders!", "", ".."])
    def test_a_topic_that_no_broker_can_have_parks_its_key_only(self, topic, broker, backend):
        lost, fine = broker.happen(1) + broker.happen(1)
        broker.happen(2, thing_id=lost.key)
        OutboxEvent.objects.filter(pk=lost.pk).update(topic=topic)

        publish_batch(backend, Lead())

        assert published() == [fine.pk]
        (parked,) = OutboxEvent.objects.exclude(parked_at=None)
        assert (parked.pk, parked.attempts) == (lost.pk, 1)
        assert parked.error.startswith("ValueError: ")

    def test_without_a_broker_nobody_is_to_blame(self, no_broker, backend):
        (sent,) = backend.send(no_broker.happen(1))

        assert sent.fate is Fate.AWAY

    def test_refuses_to_run_inside_a_transaction(self, no_broker, backend):
        rows = no_broker.happen(1)

        with transaction.atomic(), pytest.raises(TransactionForbidden):
            backend.send(rows)


class TestConsume:
    def test_handles_what_the_relay_published(self, broker, in_thread):
        in_thread(run_relay)
        in_thread(consume, broker.group)
        things = [new_id() for _ in range(5)]
        for version in range(1, 5):
            for thing in things:
                broker.happen(version, thing_id=thing)

        wait_for(lambda: len(seen()) == 20)

        assert [seen(thing) for thing in things] == [[1, 2, 3, 4]] * 5
        assert OutboxEvent.objects.filter(published_at=None).count() == 0

    def test_a_poison_event_parks_its_key_while_others_flow(self, broker, backend, in_thread):
        poison = broker.happen(1, note="poison") + broker.happen(1)
        poison += broker.happen(2, thing_id=poison[0].key)
        publish_batch(backend, Lead())
        in_thread(consume, broker.group)

        wait_for(lambda: ParkedEvent.objects.count() == 2 and len(seen()) == 1)

        assert seen(poison[1].key) == [1]
        assert list(ParkedEvent.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0]

    def test_forged_and_broken_messages_become_dead_letters_and_the_rest_flows(
        self, broker, backend, in_thread
    ):
        (row,) = broker.happen(1)
        forged = json.loads(message_of(row)) | {"id": str(new_id())}
        broker.produce(json.dumps(forged).encode())
        broker.produce(b"{")
        broker.produce(None)
        publish_batch(backend, Lead())
        in_thread(consume, broker.group)

        wait_for(lambda: seen() == [1] and DeadLetter.objects.count() == 3)

        assert set(DeadLetter.objects.values_list("topic", flat=True)) == {broker.topic}
        assert not DeadLetter.objects.filter(offset=None).exists()

    def test_a_second_delivery_has_no_effect(self, broker, backend, in_thread):
        (row,) = broker.happen(1)
        backend.send([row])
        backend.send([row])
        broker.happen(2, thing_id=row.key)
        publish_batch(backend, Lead())
        in_thread(consume, broker.group)

        wait_for(lambda: seen() == [1, 2])

        assert len(broker.records()) == 4

    def test_an_outage_of_the_database_loses_and_parks_nothing(self, broker, backend, in_thread, monkeypatch):
        rows = broker.happen(1, 2) + broker.happen(1)
        publish_batch(backend, Lead())
        calls = []

        def flaky(**arguments):
            calls.append(time.monotonic())
            if len(calls) in (2, 3, 4):
                raise OperationalError("server closed the connection")
            return consumer.receive(**arguments)

        monkeypatch.setattr(loop, "receive", flaky)
        in_thread(consume, broker.group)

        wait_for(lambda: len(seen()) == 3)

        assert seen(rows[0].key) == [1, 2]
        assert not ParkedEvent.objects.exists()
        assert calls[3] - calls[1] > 0.3

    def test_two_members_share_the_partitions_through_a_rebalance(self, broker, backend, in_thread):
        things = [new_id() for _ in range(12)]
        in_thread(consume, broker.group)
        for version in range(1, 9):
            for thing in things:
                broker.happen(version, thing_id=thing)
            publish_batch(backend, Lead())
            if version == 2:
                in_thread(consume, broker.group)
            time.sleep(0.3)

        wait_for(lambda: len(seen()) == 96, seconds=40)

        assert [seen(thing) for thing in things] == [list(range(1, 9))] * 12

    def test_an_instance_that_is_started_twice_is_fenced(self, broker, child):
        first = child("consume_events", "--group", broker.group, "--instance", "a", **broker.environment())
        time.sleep(5)

        second = child("consume_events", "--group", broker.group, "--instance", "a", **broker.environment())

        assert first.wait(40) == 1
        second.terminate()
        assert second.wait(20) == 0


def test_a_lasting_member_that_restarts_moves_no_partition(broker, backend):
    """C7: only the first arrival is a rebalance for the other member."""
    other = Subscription(group=broker.group, topics=[broker.topic], instance="b")
    met = []

    def look():
        # As long as the loop polls: on a busy machine joining takes longer than some milliseconds, and begins anew.
        other.poll(milliseconds=500, most=1)
        member = other._consumer
        met.append((member.group_metadata().generation_id, frozenset(member.assignment())))
        return met[-1]

    def restart():
        stop = threading.Event()

        def run():
            consume(broker.group, stop, instance="a")
            connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return stop, thread

    wait_for(lambda: len(look()[1]) == 6, seconds=60)
    stop, thread = restart()
    try:
        wait_for(lambda: len(look()[1]) == 3, seconds=60)
        shared = met[-1]
        stop.set()
        thread.join(20)
        look()
        stop, thread = restart()
        for _ in range(12):
            broker.happen(1)
        publish_batch(backend, Lead())
        theirs = sum(partition not in {part for _, part in shared[1]} for partition in broker.partitions())
        # It is back at work: it handles what lies in its partitions.
        wait_for(lambda: look() and len(seen()) == theirs)
    finally:
        stop.set()
        thread.join(20)
        other.close()

    assert theirs > 0
    assert met[0][0] < shared[0]
    assert set(met[met.index(shared) :]) == {shared}


@pytest.mark.parametrize(
    "place", ["consumer.after_poll", "consumer.after_commit_before_offset", "consumer.after_offset"]
)
def test_nothing_is_lost_or_done_twice_when_the_consumer_is_killed(place, broker, backend, child):
    things = [new_id() for _ in range(3)]
    for version in (1, 2, 3):
        for thing in things:
            broker.happen(version, thing_id=thing)
    publish_batch(backend, Lead())
    command = ("consume_events", "--group", broker.group)

    assert child(*command, **broker.environment(SHOP_FAILPOINTS=f"{place}=kill9")).wait(60) == -9
    follower = child(*command, **broker.environment())
    for thing in things:
        broker.happen(4, thing_id=thing)
    publish_batch(backend, Lead())
    # The dead member's session has to run out first.
    wait_for(lambda: len(seen()) == 12, seconds=60)
    follower.terminate()

    assert follower.wait(20) == 0
    assert [seen(thing) for thing in things] == [[1, 2, 3, 4]] * 3
    assert InboxEvent.objects.count() == 12


@pytest.mark.parametrize(
    ("place", "arrived"),
    [
        ("relay.after_select", 12),
        ("relay.sent_before_ack", 12),
        ("relay.partial_batch", 12),
        ("relay.after_ack_before_mark", 24),
    ],
)
def test_nothing_is_lost_and_order_holds_when_the_relay_is_killed(place, arrived, broker, child):
    things = [new_id() for _ in range(4)]
    for version in (1, 2, 3):
        for thing in things:
            broker.happen(version, thing_id=thing)

    assert child("publish_events", **broker.environment(SHOP_FAILPOINTS=f"{place}=kill9")).wait(60) == -9
    assert published() == []
    # That the lease runs out by itself is shown with local events.
    Lease.objects.all().delete()
    follower = child("publish_events", **broker.environment())
    wait_for(lambda: len(published()) == 12, seconds=40)
    follower.terminate()

    assert follower.wait(20) == 0
    records = broker.records()
    assert first_versions(records) == {str(thing): [1, 2, 3] for thing in things}
    assert arrived <= len(records) <= 24


def test_a_leader_that_was_stopped_past_its_lease_repeats_its_batch_and_marks_nothing(
    broker, child, tmp_path, capfd
):
    """R5: stopped with a batch sent and not marked; the standby sends it again, and the first order holds."""
    things, go_on = [new_id() for _ in range(3)], tmp_path / "go-on"
    for version in (1, 2):
        for thing in things:
            broker.happen(version, thing_id=thing)
    environment = broker.environment(TEST_LEASE_SECONDS="2")
    pause = f"relay.after_ack_before_mark=pause-until-file:{go_on}"
    stopped = child("publish_events", **environment, SHOP_FAILPOINTS=pause)
    wait_for(lambda: broker.arrived() == 6, seconds=40)
    stopped.send_signal(signal.SIGSTOP)

    follower = child("publish_events", **environment)
    wait_for(lambda: len(published()) == 6, seconds=40)
    marks = list(OutboxEvent.objects.order_by("pk").values_list("published_at", flat=True))
    go_on.touch()
    stopped.send_signal(signal.SIGCONT)
    wait_for(lambda: "went to another relay" in capfd.readouterr().err)
    follower.terminate()
    assert follower.wait(20) == 0
    for thing in things:
        broker.happen(3, thing_id=thing)
    # It stood by, and leads again.
    wait_for(lambda: len(published()) == 9)

    assert list(OutboxEvent.objects.order_by("pk").values_list("published_at", flat=True))[:6] == marks
    records = broker.records()
    assert first_versions(records) == {str(thing): [1, 2, 3] for thing in things}
    assert len(records) == 6 + 6 + 3


def test_a_broker_that_dies_while_events_are_published_loses_nothing(
    own_service, monkeypatch, settings, in_thread
):
    server = own_service(Kafka)
    broker = Broker(server.url, monkeypatch, settings)
    create_topics()
    in_thread(run_relay)
    in_thread(consume, broker.group)
    things = [new_id() for _ in range(20)]

    def announce():
        for version in range(1, 16):
            for thing in things:
                broker.happen(version, thing_id=thing)
            time.sleep(0.1)
        connection.close()

    writer = threading.Thread(target=announce)
    writer.start()
    wait_for(lambda: len(seen()) > 40)
    server.kill()
    writer.join()
    backlog = OutboxEvent.objects.filter(published_at=None).count()
    server.start()

    wait_for(lambda: len(seen()) == 300, seconds=60)

    assert backlog > 100
    assert [seen(thing) for thing in things] == [list(range(1, 16))] * 20
    assert InboxEvent.objects.count() == 300
    assert first_versions(broker.records()) == {str(thing): list(range(1, 16)) for thing in things}


def test_the_worker_waits_for_a_broker_that_comes_late(own_service, monkeypatch, settings, child):
    server = own_service(Kafka)
    broker = Broker(server.url, monkeypatch, settings)
    server.kill()
    worker = child("run_worker", **broker.environment())
    broker.happen(1, 2)
    time.sleep(4)
    assert worker.poll() is None
    server.start()

    wait_for(lambda: seen() == [1, 2], seconds=60)

    began = time.monotonic()
    worker.send_signal(signal.SIGINT)
    assert worker.wait(20) == 0
    assert time.monotonic() - began < 8


def test_an_unknown_group_is_refused(no_broker):
    with pytest.raises(CommandError, match="There is no group 'nobody'") as refused:
        call_command("consume_events", group="nobody")

    assert refused.value.returncode == 2
