"""From Kafka to a group: membership, polling, committing."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from shop.events import kafka
from shop.events.consumer import Position
from shop.events.failures import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)

# How soon a static member notices that it was replaced.
_PROBE_SECONDS = 5.0
_COMMIT_MS = 5_000


class Fenced(Exception):
    """Raised when another process runs under the same static membership; this one must end."""


class Record(NamedTuple):
    """A message from a topic."""

    position: Position
    value: bytes


class Subscription:
    """
    A group's membership: polls, commits what was received, goes back to what wasn't.

    Not thread-safe, and two in one thread would block each other's rebalances.
    """

    def __init__(self, *, group: str, topics: Iterable[str], instance: str | None = None) -> None:
        """
        Join when first polled.

        :param instance: a static membership: a restart within the session's 45 s moves no partition.
        :raises BrokerAway: no broker answers.
        """
        self._instance = instance
        self._probe_at = 0.0
        with kafka.reachable():
            self._consumer = kafka.connected(
                "KafkaConsumer",
                group_id=f"shop.{group}",
                group_instance_id=instance,
                enable_auto_commit=False,
                # A new group starts with what the topics still have: starting at the end would lose what came before
                # it joined.
                auto_offset_reset="earliest",
                # A topic that is made later is found within seconds.
                metadata_max_age_ms=10_000,
                session_timeout_ms=45_000 if instance else 15_000,
            )
            with contextlib.ExitStack() as unless_ready:
                unless_ready.callback(self.close)
                # Known before it joins: a member that hands out the partitions while it knows none of a topic may keep
                # everybody without them until somebody else joins.
                for topic in sorted(topics):
                    self._consumer.partitions_for_topic(topic)
                self._consumer.subscribe(sorted(topics))
                unless_ready.pop_all()

    def poll(self, *, milliseconds: int, most: int) -> list[Record]:
        """
        Return the next messages, in order per partition; none when there are none or no broker answers.

        :raises Fenced: another process has the same static membership.
        """
        try:
            polled = self._consumer.poll(timeout_ms=milliseconds, max_records=most)
        except kafka.errors().FencedInstanceIdError as error:
            raise Fenced(describe(error)) from error
        if not polled:
            self._probe()
        return [
            Record(Position(record.topic, record.partition, record.offset), record.value or b"")
            for records in polled.values()
            for record in records
        ]

    def _probe(self) -> None:
        """Find out whether another member took this name: the client only stops its heartbeat and says nothing."""
        if self._instance is None or time.monotonic() < self._probe_at:
            return
        self._probe_at = time.monotonic() + _PROBE_SECONDS
        # Nothing was polled, so what this commits is where the group stands already.
        self._commit(None)

    def commit(self, after: Mapping[tuple[str, int], int]) -> bool:
        """
        Commit the offsets that follow what was received; tell whether it went through.

        During a rebalance or without a broker it doesn't. The messages then come again, and the inbox knows them.

        :raises Fenced: another process has the same static membership.
        """
        client = kafka.client()
        offsets = {
            client.TopicPartition(*place): client.OffsetAndMetadata(offset, "", -1)
            for place, offset in after.items()
        }
        return self._commit(offsets)

    def _commit(self, offsets: dict[Any, Any] | None) -> bool:
        try:
            self._consumer.commit(offsets, timeout_ms=_COMMIT_MS)
        except kafka.errors().FencedInstanceIdError as error:
            raise Fenced(describe(error)) from error
        except kafka.errors().KafkaError as error:
            logger.info("Offsets aren't committed, the messages come again: %s", describe(error))
            return False
        return True

    def rewind(self, places: Iterable[Position]) -> None:
        """Poll from these messages on again; those of partitions that went to another member are its business."""
        for place in places:
            partition = kafka.client().TopicPartition(place.topic, place.partition)
            if partition in self._consumer.assignment():
                self._consumer.seek(partition, place.offset)

    def close(self) -> None:
        """Leave the group, within two seconds."""
        with contextlib.suppress(kafka.errors().KafkaError):
            self._consumer.close(timeout_ms=2_000)
