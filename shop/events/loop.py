"""A group's consumer on Kafka: poll, receive, commit; what isn't received isn't committed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from shop.core.failpoints import failpoint
from shop.events import registry
from shop.events.batches import receive_all
from shop.events.consumer import receive
from shop.events.event import topic_of
from shop.events.failures import describe, pauses
from shop.events.kafka import create_topics
from shop.events.kafka_subscription import Subscription

if TYPE_CHECKING:
    from threading import Event as Flag

    from shop.events.kafka_subscription import Record

logger = logging.getLogger(__name__)

_POLL_MS = 500
# Few enough that a batch is done long before the group takes its member for dead (max.poll.interval, 5 minutes).
_AT_ONCE = 100
# Where they share a transaction.
_AT_ONCE_TOGETHER = 500


def consume(group: str, stop: Flag, *, instance: str | None = None) -> None:
    """
    Receive a group's events until the flag is set, then commit and leave the group.

    :param instance: a static membership.
    :raises Fenced: another process has the same static membership.
    """
    if not settings.PRODUCTION:
        create_topics()
    heard = {topic_of(name) for name in registry.handlers[group]}
    subscription = Subscription(group=group, topics=heard, instance=instance)
    most = _AT_ONCE_TOGETHER if group in registry.together else _AT_ONCE
    waits = pauses(first=0.2, longest=5)
    try:
        while not stop.is_set():
            records = subscription.poll(milliseconds=_POLL_MS, most=most)
            if not records:
                continue
            failpoint("consumer.after_poll")
            if _receive_and_commit(group, records, subscription, stop):
                waits = pauses(first=0.2, longest=5)
            else:
                stop.wait(next(waits))
    finally:
        subscription.close()


def _receive_and_commit(group: str, records: list[Record], subscription: Subscription, stop: Flag) -> bool:
    """Receive records and commit; tell whether all were received, or the consumer is to stop."""
    received = _receive(group, records, stop)
    failpoint("consumer.after_commit_before_offset")
    if received:
        after = {
            (record.position.topic, record.position.partition): record.position.offset + 1
            for record in records[:received]
        }
        subscription.commit(after)
        failpoint("consumer.after_offset")
    if received == len(records) or stop.is_set():
        return True
    # From the first of each partition that wasn't received; later ones of the batch come again with it.
    left: dict[tuple[str, int], Record] = {}
    for record in records[received:]:
        left.setdefault((record.position.topic, record.position.partition), record)
    subscription.rewind(record.position for record in left.values())
    return False


def _receive(group: str, records: list[Record], stop: Flag) -> int:
    """Receive records in order and return how many were, which is fewer once the database is away."""
    close_old_connections()
    if group in registry.together:
        return _receive_together(group, records)
    for number, record in enumerate(records):
        if stop.is_set():
            return number
        try:
            receive(group=group, message=record.value, position=record.position, now=timezone.now())
        except Exception as error:  # noqa: BLE001  (whatever it is, the message must come again)
            logger.warning("%s: not received, it comes again: %s", group, describe(error))
            connection.close()
            return number
    return len(records)


def _receive_together(group: str, records: list[Record]) -> int:
    """Receive all records, or none once the database is away; those that got through are known to the inbox."""
    messages = [(record.position, record.value) for record in records]
    try:
        receive_all(group=group, messages=messages, now=timezone.now())
    except Exception as error:  # noqa: BLE001  (whatever it is, the messages must come again)
        logger.warning("%s: not received, they come again: %s", group, describe(error))
        connection.close()
        return 0
    return len(records)
