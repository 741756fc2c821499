"""How far each group is behind its topics."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shop.core.transactions import forbid_transaction
from shop.events import kafka, registry
from shop.events.event import topic_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class Lag:
    """
    Where a group stands in one partition.

    ``committed`` is the offset of the next event it will handle, None before its first commit; ``start`` and ``end``
    are the offsets of the earliest event that is still there and of the next one to come.
    """

    group: str
    topic: str
    partition: int
    committed: int | None
    start: int
    end: int

    @property
    def behind(self) -> int:
        """How many events the group has yet to handle."""
        if self.committed is None or not self.start <= self.committed <= self.end:
            # It begins with what is still there: see Subscription.
            return self.end - self.start
        return self.end - self.committed


def lags(groups: Iterable[str]) -> tuple[list[Lag], list[str]]:
    """
    Return where groups stand, by group, topic and partition, and the topics they hear that don't exist.

    :raises BrokerAway: no broker answers.
    """
    forbid_transaction("Looking at groups")
    heard = {group: {topic_of(name) for name in registry.handlers[group]} for group in sorted(groups)}
    wanted = {topic for found in heard.values() for topic in found}
    with kafka.reachable():
        admin = kafka.connected("KafkaAdminClient", request_timeout_ms=kafka.REQUEST_MS)
        try:
            there = _partitions(admin, wanted)
            # Before the ends, so that nobody seems to be ahead.
            committed = _group_offsets(admin, [f"shop.{group}" for group in heard])
            spec = kafka.client().admin.OffsetSpec
            starts = _offsets(admin, there, spec.EARLIEST)
            ends = _offsets(admin, there, spec.LATEST)
        finally:
            admin.close()
    found = [
        Lag(
            group=group,
            topic=place.topic,
            partition=place.partition,
            committed=_committed(committed.get(f"shop.{group}", {}), place),
            start=starts[place],
            end=ends[place],
        )
        for group, topics in heard.items()
        for place in there
        if place.topic in topics
    ]
    return found, sorted(wanted - {place.topic for place in there})


def _partitions(admin: Any, topics: set[str]) -> list[Any]:
    # Of all topics: a broker may make one that is asked for by its name.
    return sorted(
        kafka.client().TopicPartition(topic["name"], partition["partition_index"])
        for topic in admin.describe_topics()
        if topic["name"] in topics
        for partition in topic["partitions"]
    )


def _offsets(admin: Any, places: list[Any], spec: Any) -> dict[Any, int]:
    if not places:
        return {}
    found = admin.list_partition_offsets(dict.fromkeys(places, spec))
    return {place: one.offset for place, one in found.items()}


def _group_offsets(admin: Any, names: list[str]) -> dict[str, Any]:
    if not names:
        return {}
    errors = kafka.errors()
    until = time.monotonic() + kafka.REQUEST_MS / 1000
    while True:
        try:
            found: dict[str, Any] = admin.list_group_offsets(names)
        except (
            errors.CoordinatorNotAvailableError,
            errors.CoordinatorLoadInProgressError,
            errors.NotCoordinatorError,
        ):
            # The first to ask has the cluster make its topic of offsets; after a broker's end it moves.
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return found


def _committed(offsets: Mapping[Any, Any], place: Any) -> int | None:
    found = offsets.get(place)
    return None if found is None or found.offset < 0 else found.offset
