"""A broker as a test has it: with a topic, an event and a group that no other test uses."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from django.conf import settings as current

from shop.events import kafka, registry
from shop.events.event import Event
from shop.events.kafka_subscription import Subscription
from shop.events.tests.things import happen, random_name, see, thing_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from shop.events.kafka_subscription import Record
    from shop.events.models import OutboxEvent


class Broker:
    """A broker with a topic, an event and a group that no other test uses."""

    def __init__(self, address: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
        self.app = random_name()
        self.topic = f"shop.{self.app}"
        self.group = random_name()
        self.kind = thing_type(self.app)
        settings.EVENTS_BACKEND = "kafka"
        settings.KAFKA_BOOTSTRAP_SERVERS = [address]
        monkeypatch.setattr(kafka, "TOPICS", ())
        monkeypatch.setattr(Event, "registry", {self.kind.type: self.kind})
        registry.handlers.clear()
        registry.handles(self.kind.type, group=self.group)(see)

    def happen(self, *versions: int, **options: Any) -> list[OutboxEvent]:
        return happen(*versions, kind=self.kind, **options)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "EVENTS_BACKEND": "kafka",
            "KAFKA_BOOTSTRAP_SERVERS": current.KAFKA_BOOTSTRAP_SERVERS[0],
            "TEST_APP": self.app,
            "TEST_GROUP": self.group,
            **more,
        }

    def records(self) -> list[Record]:
        """Return every message that the topic holds, in order per partition."""
        reader = Subscription(group=random_name(), topics=[self.topic])
        found: list[Record] = []
        until, arrived = time.monotonic() + 20, self.arrived()
        while len(found) < arrived and time.monotonic() < until:
            found += reader.poll(milliseconds=1000, most=5000)
        reader.close()
        return found

    def partitions(self) -> list[int]:
        """Return the partition of each message of the topic."""
        ends = self._ends()
        return [part.partition for part, end in ends.items() for _ in range(end)]

    def arrived(self) -> int:
        """Return how many messages the topic holds."""
        return sum(self._ends().values())

    def _ends(self) -> dict[Any, int]:
        client = kafka.client()
        reader = client.KafkaConsumer(**kafka.connection_options(), group_id=None)
        parts = [client.TopicPartition(self.topic, part) for part in reader.partitions_for_topic(self.topic)]
        found: dict[Any, int] = reader.end_offsets(parts)
        reader.close()
        return found

    def configuration(self) -> dict[str, str]:
        """Return the settings that the topic has of its own."""
        admin = kafka.client().admin
        client = self._admin()
        found = client.describe_configs([admin.ConfigResource(admin.ConfigResourceType.TOPIC, self.topic)])
        client.close()
        return {name: said["value"] for name, said in found["topic"][self.topic].items()}

    def configure(self, **settings: str) -> None:
        """Change settings of the topic; underscores stand for dots."""
        admin = kafka.client().admin
        client = self._admin()
        changed = {name.replace("_", "."): value for name, value in settings.items()}
        client.alter_configs([admin.ConfigResource(admin.ConfigResourceType.TOPIC, self.topic, changed)])
        client.close()

    def _admin(self) -> Any:
        client = kafka.client().KafkaAdminClient(**kafka.connection_options())
        # A broker has heard of a topic some moments after it was made.
        client.wait_for_topics([self.topic])
        return client

    def produce(self, message: bytes | None, key: str = "x", codec: str | None = None) -> None:
        """Send a message that no relay would."""
        producer = kafka.connected("KafkaProducer", acks="all", compression_type=codec)
        producer.send(self.topic, value=message, key=key.encode()).get(timeout=10)
        producer.close(timeout=2)


def first_versions(records: Iterable[Record]) -> dict[str, list[int]]:
    """Return the versions of each key in the order of their first appearance."""
    found: dict[str, list[int]] = {}
    for record in records:
        said = json.loads(record.value)
        versions = found.setdefault(said["subject"], [])
        if said["aggregateversion"] not in versions:
            versions.append(said["aggregateversion"])
    return found
