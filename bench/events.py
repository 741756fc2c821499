"""
How many events a second relay and consumer carry beside a bare kafka-python loop, and how long a fact takes.

One run on one broker and one database of its own. The relay sends rows of the outbox and marks them, and the bare loop
sends the same bytes. The consumer compares each event with the outbox, writes inbox and mail, and parks what fails; the
bare loop writes the same mails and does nothing else. Other loops do less: they write the ids to a table, which is the
least that handling an event once can cost, or nothing at all. They commit their place as often as they poll, 500 at a
time, or behind each message, as such a loop is written at first. Then events come one by one, as in a shop that isn't
busy, and the time from the commit to the topic and to the mail server is taken.

    python -m bench.events --events 5000 --single 200
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

AT_ONCE = 100
# As many as the consumer polls.
IN_AT_ONCE = 500


def main() -> None:
    """Start the servers, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--events", type=int, default=5000, help="for the throughput")
    options.add_argument(
        "--rounds", type=int, default=3, help="how often, so that the machine's moods even out"
    )
    options.add_argument("--single", type=int, default=200, help="for the time each takes")
    options.add_argument("--pause", type=float, default=0.05, help="between two of those, in seconds")
    chosen = options.parse_args()
    with ExitStack() as stack:
        _start(stack)
        _report_throughput(chosen.events, chosen.rounds)
        _report_times(chosen.single, chosen.pause, stack)


def _start(stack: ExitStack) -> None:
    from tools.services import Kafka, Postgres

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shop-bench-")))
    broker, database = Kafka(quick=False), Postgres(durable=True)
    for server in (broker, database):
        server.start()
        stack.callback(server.close)
    mail = _mail_server(stack)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="shop.settings",
        SHOP_DATA=str(folder),
        LOG_LEVEL="ERROR",
        DATABASE_URL=database.url,
        KAFKA_BOOTSTRAP_SERVERS=broker.url,
        EVENTS_BACKEND="kafka",
        EMAIL_URL=f"smtp://127.0.0.1:{mail}",
        MAIL_PER_SECOND="1000",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from shop.events.kafka import create_topics

    create_topics()
    # As every process does that works until a signal.
    gc.freeze()


arrived: dict[str, float] = {}


def _mail_server(stack: ExitStack) -> int:
    import email
    import logging

    from aiosmtpd.controller import Controller

    from tools.services.base import free_port

    logging.getLogger("mail.log").setLevel(logging.WARNING)

    class Taker:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            arrived[str(email.message_from_bytes(envelope.content)["Message-ID"])] = time.monotonic()
            return "250 OK"

    controller = Controller(Taker(), hostname="127.0.0.1", port=free_port())
    controller.start()
    stack.callback(controller.stop)
    return int(controller.port)


def _announce(user_ids: list[Any]) -> None:
    from django.db import transaction
    from django.utils import timezone

    from shop.events.outbox import publish_all
    from users.events import EmailVerificationRequested

    with transaction.atomic():
        publish_all(
            [EmailVerificationRequested(user_id=pk, version=1) for pk in user_ids], now=timezone.now()
        )


def _report_throughput(count: int, rounds: int) -> None:
    from django.db import connection

    from shop.core.ids import new_id
    from shop.events.models import OutboxEvent

    _announce([new_id() for _ in range(count)])
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        OutboxEvent.objects.update(published_at=None)
        with connection.cursor() as cursor:
            # The rows as they were before would be in the way.
            cursor.execute("VACUUM ANALYZE events_outboxevent")
        for name, each in (
            ("only sends", _send_bare()),
            ("relay", _relay(count)),
            ("writes the mails", _read_bare(count, _write_mails)),
            ("consumer", _consumer(count)),
            ("stores ids", _read_bare(count, _store_ids)),
            ("only reads", _read_bare(count)),
            # A tenth tells as much: they take as long as all the others together.
            ("commits each", _read_bare(count // 10, at_once=1)),
            ("stores and commits each", _read_bare(count // 10, _store_ids, at_once=1)),
        ):
            seconds[name].append(each)
    print(f"{count} events, {rounds} times, medians of what one takes")
    _print_share("relay", "only sends", seconds)
    for loop in list(seconds)[2:]:
        if loop != "consumer":
            _print_share("consumer", loop, seconds)


def _print_share(part: str, loop: str, seconds: dict[str, list[float]]) -> None:
    """Print how fast a part and a loop were, and the median of what share one had of the other in each round."""
    share = median(bare / ours for ours, bare in zip(seconds[part], seconds[loop], strict=True))
    rates = [1 / median(seconds[name]) for name in (part, loop)]
    print(
        f"  {part:<9} {rates[0]:8.0f} events/s   {loop:<25} {rates[1]:8.0f}   {share:6.1%}"
        f"   {'' if share >= 0.5 else 'less than half of it'}"
    )


def _send_bare() -> float:
    """Send the same messages with nothing around it; return the seconds that each took."""
    from shop.events import kafka
    from shop.events.backends import message_of
    from shop.events.kafka_producer import new_producer
    from shop.events.models import OutboxEvent

    messages = [(row.key.encode(), message_of(row)) for row in OutboxEvent.objects.order_by("pk")]
    admin = kafka.client().KafkaAdminClient(**kafka.connection_options())
    with closing(admin), suppress(kafka.errors().TopicAlreadyExistsError):
        admin.create_topics({"bench.bare": {"num_partitions": kafka.PARTITIONS, "replication_factor": 1}})
    producer = new_producer()
    began = time.monotonic()
    for start in range(0, len(messages), AT_ONCE):
        sent = [
            producer.send("bench.bare", key=key, value=value)
            for key, value in messages[start : start + AT_ONCE]
        ]
        for future in sent:
            future.get(timeout=30)
    out = time.monotonic() - began
    producer.close(timeout=5)
    return out / len(messages)


def _read_bare(
    count: int, work: Callable[[list[Any]], None] | None = None, at_once: int = IN_AT_ONCE
) -> float:
    """Read the same messages, and do some work with what each poll brings; return the seconds that each took."""
    from django.db import transaction
    from kafka import KafkaConsumer

    from shop.events import kafka

    consumer = KafkaConsumer(
        "bench.bare",
        # New at each time, to read from the first on.
        group_id=f"bench.bare.{uuid4()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **kafka.connection_options(),
    )
    _empty()
    first = got = len([one for part in consumer.poll(30_000, max_records=1).values() for one in part])
    began = time.monotonic()
    while got < count:
        records = [one for part in consumer.poll(1000, max_records=at_once).values() for one in part]
        if work and records:
            with transaction.atomic():
                work([json.loads(record.value) for record in records])
        got += len(records)
        consumer.commit()
    taken = time.monotonic() - began
    consumer.close()
    return taken / (got - first)


def _store_ids(messages: list[Any]) -> None:
    from django.db import connection
    from psycopg2.extras import execute_values

    with connection.cursor() as cursor:
        ids = [(message["id"],) for message in messages]
        execute_values(cursor, "INSERT INTO bench_bare VALUES %s ON CONFLICT DO NOTHING", ids)


def _write_mails(messages: list[Any]) -> None:
    from uuid import UUID

    from django.utils import timezone

    from notifications.services import To, enqueue, gathering

    with gathering():
        for message in messages:
            to = To.user(message["data"]["user_id"])
            enqueue(event_id=UUID(message["id"]), template="verify_email", to=to, now=timezone.now())


def _empty() -> None:
    """Give each loop the same tables to begin with."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_bare (id uuid PRIMARY KEY)")
        cursor.execute("TRUNCATE bench_bare, notifications_emailmessage, events_inboxevent")


class _Leader:
    held = True

    def confirm(self) -> bool:
        """Say that nobody else leads."""
        return True


def _relay(count: int) -> float:
    from shop.events.kafka_producer import KafkaBackend
    from shop.events.models import OutboxEvent
    from shop.events.relay import publish_batch

    backend, leader = KafkaBackend(), _Leader()
    began = time.monotonic()
    while OutboxEvent.objects.filter(published_at__isnull=True).exists():
        publish_batch(backend, leader)
    seconds = time.monotonic() - began
    backend.close()
    return seconds / count


def _consumer(count: int) -> float:
    from shop.events.loop import consume
    from shop.events.models import InboxEvent

    _empty()
    stop, began = threading.Event(), 0.0
    thread = threading.Thread(target=consume, args=("notifications", stop))
    thread.start()
    done, first = 0, 0
    while done < count:
        # Counting takes the consumer's time.
        time.sleep(0.1)
        done = InboxEvent.objects.count()
        if done and not began:
            began, first = time.monotonic(), done
    seconds = (time.monotonic() - began) / max(count - first, 1)
    stop.set()
    thread.join(30)
    _empty()
    return seconds


def _report_times(count: int, pause: float, stack: ExitStack) -> None:
    from django.contrib.auth import get_user_model

    from shop.events.models import OutboxEvent

    users = get_user_model().objects.bulk_create(
        [get_user_model()(email=f"bench-{number}@example.com") for number in range(count)]
    )
    stop, on_topic = threading.Event(), dict[str, float]()
    threads = [threading.Thread(target=run, args=(stop,)) for run in (_run_relay, _run_consumer, _run_sender)]
    threads.append(threading.Thread(target=_watch, args=(stop, on_topic)))
    for thread in threads:
        thread.start()
    try:
        time.sleep(5)
        newest = OutboxEvent.objects.order_by("-pk").first()
        committed: dict[Any, float] = {}
        for user in users:
            _announce([user.pk])
            committed[user.pk] = time.monotonic()
            time.sleep(pause)
        until = time.monotonic() + 60
        while len(arrived) < count and time.monotonic() < until:
            time.sleep(0.1)
        _print_times(newest.pk if newest else 0, committed, on_topic)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def _print_times(after: int, committed: dict[Any, float], on_topic: dict[str, float]) -> None:
    from notifications.models import EmailMessage
    from shop.events.models import OutboxEvent

    of_event = {str(row.event_id): row.key for row in OutboxEvent.objects.filter(pk__gt=after)}
    by_key = {str(pk): moment for pk, moment in committed.items()}
    topic = [on_topic[event] - by_key[key] for event, key in of_event.items() if event in on_topic]
    mails = dict(EmailMessage.objects.values_list("message_id", "recipient_ref"))
    smtp = [moment - by_key[mails[message]] for message, moment in arrived.items() if message in mails]
    print(f"{len(committed)} events one by one; {len(topic)} on the topic, {len(smtp)} mailed")
    for name, times, most in (("commit to topic", topic, 0.25), ("commit to mail server", smtp, 2.0)):
        cuts = quantiles(times, n=100)
        late = "" if cuts[98] <= most else f"   later than {most * 1000:.0f} ms"
        print(f"  {name:<22} p50 {cuts[49] * 1000:7.0f} ms   p99 {cuts[98] * 1000:7.0f} ms{late}")


def _run_relay(stop: threading.Event) -> None:
    from shop.events.relay import run_relay

    run_relay(stop)


def _run_consumer(stop: threading.Event) -> None:
    from shop.events.loop import consume

    consume("notifications", stop)


def _run_sender(stop: threading.Event) -> None:
    from django.utils import timezone

    from notifications import sender

    # As the worker calls it.
    while not stop.wait(0.5):
        sender.send_due(now=timezone.now(), stop=stop.is_set)


def _watch(stop: threading.Event, on_topic: dict[str, float]) -> None:
    import json

    from kafka import KafkaConsumer, TopicPartition

    from shop.events import kafka

    consumer = KafkaConsumer(**kafka.connection_options(), group_id=None)
    consumer.assign([TopicPartition("shop.users", part) for part in range(kafka.PARTITIONS)])
    consumer.seek_to_end()
    while not stop.is_set():
        for part in consumer.poll(20).values():
            for record in part:
                on_topic[json.loads(record.value)["id"]] = time.monotonic()
    consumer.close()


if __name__ == "__main__":
    main()
