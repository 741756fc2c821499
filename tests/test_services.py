"""The servers that tests and developers start really are what they claim, and survive a crash."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psycopg2
import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from tools.services import Kafka, Postgres, Redis
from tools.services.base import free_port, port_is_free, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tools.services import Service

pytestmark = pytest.mark.once


def select(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run one statement on PostgreSQL and return its rows."""
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def consume(bootstrap: str, topic: str, *, at_least: int) -> list[bytes]:
    """Return the values in a topic, read from its beginning until there are enough or time is out."""
    values: list[bytes] = []
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id="readers", auto_offset_reset="earliest"
    )
    until = time.monotonic() + 30
    while len(values) < at_least and time.monotonic() < until:
        for records in consumer.poll(timeout_ms=500).values():
            values += [record.value for record in records]
    consumer.close()
    return values


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Send values to a topic and wait until the broker has each of them."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    for sent in [producer.send(topic, value) for value in values]:
        sent.get(timeout=20)
    producer.close()


class TestPostgres:
    def test_keeps_what_was_committed_when_killed(
        self, own_service: Callable[[type[Service]], Service]
    ) -> None:
        server = own_service(Postgres)
        select(server.url, "CREATE TABLE lamps AS SELECT 'Ä' AS name")

        server.kill()
        server.restart()

        assert select(server.url, "SELECT lower(name) FROM lamps") == [("ä",)]

    def test_refuses_a_wrong_password(self, own_service: Callable[[type[Service]], Service]) -> None:
        server = own_service(Postgres)
        assert isinstance(server, Postgres)

        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            select(server.url.replace(server.password, "guess"), "SELECT 1")


@pytest.mark.needs_kafka
class TestKafka:
    def test_keeps_what_it_acknowledged_when_killed(
        self, own_service: Callable[[type[Service]], Service]
    ) -> None:
        broker = own_service(Kafka)
        admin = KafkaAdminClient(bootstrap_servers=broker.url)
        admin.create_topics([NewTopic("lamps", num_partitions=3, replication_factor=1)])
        admin.close()
        produce(broker.url, "lamps", [b"before"])

        broker.kill()
        broker.restart()
        produce(broker.url, "lamps", [b"after"])

        assert sorted(consume(broker.url, "lamps", at_least=2)) == [b"after", b"before"]

    def test_is_shared_by_the_run(self, kafka: str) -> None:
        admin = KafkaAdminClient(bootstrap_servers=kafka)
        brokers = admin.describe_cluster()["brokers"]
        admin.close()

        assert len(brokers) == 1


@pytest.mark.needs_redis
class TestRedis:
    def test_keeps_its_data_over_a_restart(self, own_service: Callable[[type[Service]], Service]) -> None:
        server = own_service(Redis)
        with redis.Redis.from_url(server.url) as client:
            client.set("lamp", "on")

        server.restart()

        with redis.Redis.from_url(server.url) as client:
            assert client.get("lamp") == b"on"


class TestService:
    def test_finds_a_port_that_nobody_listens_on(self) -> None:
        assert port_is_free(free_port())

    @pytest.mark.needs_redis
    def test_ends_with_the_process_that_started_it(self, tmp_path: Path) -> None:
        """A run that is killed leaves no server behind."""
        script = (
            "import os, signal, sys, pathlib; from tools.services import Redis; "
            "print(Redis(pathlib.Path(sys.argv[1])).start().port, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ,
        )

        assert wait_until(lambda: port_is_free(int(done.stdout)), seconds=10)
