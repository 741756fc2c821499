"""
How many events a second relay and consumer carry beside a bare kafka-python loop, and how long a fact takes.

One run on one broker and one database of its own. The bare loop sends the same bytes and reads them, in four ways: it
does nothing with them, or writes their ids to a table, which is the least that handling an event once can cost; and it
commits its place as often as it polls, 500 at a time, or behind each message, as such a loop is written at first. The
relay sends rows of the outbox and marks them; the consumer writes inbox and mail. Then events come one by one, as in a
shop that isn't busy, and the time from the commit to the topic and to the mail server is taken.

    python -m bench.events --events 5000 --single 200
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any

AT_ONCE = 100
# As many as the consumer polls.
IN_AT_ONCE = 500


def main() -> None:
    """Start the servers, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--events", type=int, default=5000, help="for the throughput")
    options.add_argument("--single", type=int, default=200, help="for the time each takes")
    options.add_argument("--pause", type=float, default=0.05, help="between two of those, in seconds")
    chosen = options.parse_args()
    with ExitStack() as stack:
        _start(stack)
        _report_throughput(chosen.events)
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


def _report_throughput(count: int) -> None:
    from shop.core.ids import new_id

    _announce([new_id() for _ in range(count)])
    bare_out = _send_bare()
    bare_in, storing = _read_bare(count, store=False), _read_bare(count, store=True)
    each, storing_each = (_read_bare(count, store=store, at_once=1) for store in (False, True))
    relay, consumer = _relay(), _consumer(count)
    print(f"{count} events")
    for name, seconds, bare, loop in (
        ("relay", relay, bare_out, "bare loop"),
        ("consumer", consumer, bare_in, "bare loop"),
        ("consumer", consumer, storing, "stores ids"),
        ("consumer", consumer, each, "commits each"),
        ("consumer", consumer, storing_each, "stores and commits each"),
    ):
        share = bare / seconds
        print(
            f"  {name:<9} {count / seconds:8.0f} events/s   {loop:<25} {count / bare:8.0f}   {share:6.1%}"
            f"   {'' if share >= 0.5 else 'less than half of it'}"
        )


def _send_bare() -> float:
    """Send the same messages with nothing around it; return the seconds that it took."""
    from shop.events import kafka
    from shop.events.backends import message_of
    from shop.events.kafka_producer import new_producer
    from shop.events.models import OutboxEvent

    messages = [(row.key.encode(), message_of(row)) for row in OutboxEvent.objects.order_by("pk")]
    admin = kafka.client().KafkaAdminClient(**kafka.connection_options())
    admin.create_topics({"bench.bare": {"num_partitions": kafka.PARTITIONS, "replication_factor": 1}})
    admin.close()
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
    return out


def _read_bare(count: int, *, store: bool, at_once: int = IN_AT_ONCE) -> float:
    """Read the same messages, and write their ids if asked to; return the seconds that it took."""
    import json

    from django.db import connection, transaction
    from kafka import KafkaConsumer
    from psycopg2.extras import execute_values

    from shop.events import kafka

    consumer = KafkaConsumer(
        "bench.bare",
        group_id=f"bench.bare.{store}.{at_once}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **kafka.connection_options(),
    )
    if store:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_bare")
            cursor.execute("CREATE TABLE bench_bare (id uuid PRIMARY KEY)")
    got = len([one for part in consumer.poll(30_000, max_records=1).values() for one in part])
    began = time.monotonic()
    while got < count:
        records = [one for part in consumer.poll(1000, max_records=at_once).values() for one in part]
        if store and records:
            ids = [(json.loads(record.value)["id"],) for record in records]
            with transaction.atomic(), connection.cursor() as cursor:
                execute_values(cursor, "INSERT INTO bench_bare VALUES %s ON CONFLICT DO NOTHING", ids)
        got += len(records)
        consumer.commit()
    taken = time.monotonic() - began
    consumer.close()
    return taken


class _Leader:
    held = True

    def confirm(self) -> bool:
        """Say that nobody else leads."""
        return True


def _relay() -> float:
    from shop.events.kafka_producer import KafkaBackend
    from shop.events.models import OutboxEvent
    from shop.events.relay import publish_batch

    backend, leader = KafkaBackend(), _Leader()
    began = time.monotonic()
    while OutboxEvent.objects.filter(published_at__isnull=True).exists():
        publish_batch(backend, leader)
    seconds = time.monotonic() - began
    backend.close()
    return seconds


def _consumer(count: int) -> float:
    from notifications.models import EmailMessage
    from shop.events.loop import consume
    from shop.events.models import InboxEvent

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
    seconds = (time.monotonic() - began) * count / max(count - first, 1)
    stop.set()
    thread.join(30)
    EmailMessage.objects.all().delete()
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
