"""The way to Kafka: its client, which only this module imports, the connection, the topics."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from shop.core.transactions import forbid_transaction
from shop.events.event import Event, topic_of
from shop.events.failures import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPICS = ("shop.users", "shop.products", "shop.orders", "shop.payments")
# The number can't be changed later without mixing up the order of keys that are on their way.
PARTITIONS = 6
# The outbox keeps its rows for longer (relay.KEEP).
RETENTION = timedelta(days=7)

REQUEST_MS = 8_000
_CONNECT_MS = 3_000
# A name or an address, those of IPv6 in brackets where a port follows.
_SERVER = re.compile(
    r"(?:[\w-]{1,63}(?:\.[\w-]{1,63})*\.?|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?|[0-9a-f]*(?::[0-9a-f.]*){2,}",
    re.ASCII | re.IGNORECASE,
)


class BrokerAway(Exception):
    """Raised when no broker can be reached; nothing was done."""


@functools.cache
def client() -> Any:
    """Return the client library, loaded at the first call: 200 ms and 20 MB that a shop without a broker saves."""
    import kafka  # noqa: PLC0415
    import kafka.admin  # noqa: PLC0415

    if logging.getLogger("kafka").level == logging.NOTSET:
        # It tells of every connection and every refresh.
        logging.getLogger("kafka").setLevel(logging.WARNING)
    return kafka


def errors() -> Any:
    """Return the client library's errors."""
    return client().errors


def connection_options() -> dict[str, Any]:
    """
    Return what every client needs to connect, as the settings say.

    :raises ImproperlyConfigured: a server isn't written as host:port.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": _servers(),
        "security_protocol": settings.KAFKA_SECURITY_PROTOCOL,
        "bootstrap_timeout_ms": _CONNECT_MS,
        # The default of 30 s would make a broker that is back wait for us.
        "reconnect_backoff_max_ms": 1_000,
    }
    if settings.KAFKA_SECURITY_PROTOCOL.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context()
    if settings.KAFKA_SASL_MECHANISM:
        options["sasl_mechanism"] = settings.KAFKA_SASL_MECHANISM
        options["sasl_plain_username"] = settings.KAFKA_USERNAME
        options["sasl_plain_password"] = settings.KAFKA_PASSWORD
    return options


def _servers() -> list[str]:
    for server in settings.KAFKA_BOOTSTRAP_SERVERS:
        found = _SERVER.fullmatch(server)
        if not found or int(found["port"] or 9092) not in range(1, 65536):
            raise ImproperlyConfigured(
                f"KAFKA_BOOTSTRAP_SERVERS names {server!r}; write host:port, with commas between several."
            )
    return list(settings.KAFKA_BOOTSTRAP_SERVERS)


def connected(kind: str, **options: Any) -> Any:
    """
    Return a client of a kind (``KafkaConsumer``), which has met a broker.

    The library's own clients leave a thread and sockets behind when they don't meet one.

    :raises KafkaError: no broker answers, or it refuses; nothing is left open.
    """
    made = getattr(client(), kind)
    networks = []

    def network(**how: Any) -> Any:
        networks.append(made.DEFAULT_CONFIG["kafka_client"](**how))
        return networks[-1]

    try:
        return made(**connection_options(), **options, kafka_client=network)
    except BaseException:
        for one in networks:
            one.close()
        raise


def topics() -> list[str]:
    """Return the topics of the shop: the four that are promised, and any other that an app announces to."""
    return sorted({*TOPICS, *(topic_of(name) for name in Event.registry)})


def create_topics(*, partitions: int = PARTITIONS, replicas: int = -1) -> list[str]:
    """
    Make the topics that are missing and return their names; those that exist stay as they are.

    :param replicas: how many brokers keep each record; -1 leaves it to the cluster. From 3 on a record counts as
        kept once two have it.
    :raises BrokerAway: no broker answers.
    """
    forbid_transaction("Creating topics")
    configuration = {
        "retention.ms": str(int(RETENTION.total_seconds() * 1000)),
        "cleanup.policy": "delete",
        # As it was sent: a broker with a codec of its own would press every batch anew.
        "compression.type": "producer",
    }
    if replicas >= 3:
        configuration["min.insync.replicas"] = "2"
    with reachable():
        return _create_missing(
            {"num_partitions": partitions, "replication_factor": replicas, "configs": configuration}
        )


def _create_missing(wanted: dict[str, Any]) -> list[str]:
    admin = connected("KafkaAdminClient", request_timeout_ms=REQUEST_MS)
    try:
        there = set(admin.list_topics())
        made = []
        for topic in topics():
            if topic in there:
                continue
            # Another process may be making it just now.
            with contextlib.suppress(errors().TopicAlreadyExistsError):
                admin.create_topics({topic: wanted}, timeout_ms=REQUEST_MS)
                made.append(topic)
        return made
    finally:
        admin.close()


@contextlib.contextmanager
def reachable() -> Iterator[None]:
    """
    Name the errors that mean that no broker answers.

    :raises BrokerAway: the block met one of them.
    """
    try:
        yield
    except errors().RetriableError as error:
        # Timeouts and lost connections among them.
        raise BrokerAway(describe(error)) from error


def answers() -> bool:
    """Tell whether a broker answers at all."""
    try:
        admin = connected("KafkaAdminClient", request_timeout_ms=REQUEST_MS)
    except errors().KafkaError:
        return False
    try:
        admin.list_topics()
    except errors().KafkaError:
        return False
    finally:
        admin.close()
    return True
