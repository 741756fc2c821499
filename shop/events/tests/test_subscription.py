"""What can't begin, since no broker answers, leaves nothing behind: it is tried again every few seconds, for days."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from shop.events import kafka
from shop.events.backends import Fate
from shop.events.kafka import BrokerAway, create_topics
from shop.events.kafka_producer import KafkaBackend
from shop.events.kafka_subscription import Subscription
from shop.events.models import OutboxEvent

pytestmark = [
    pytest.mark.once,
    # The client leaves the sockets of failed connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collect_sockets"),
]


def networks() -> int:
    """Return how many of the client's threads there are."""
    return sum(thread.name.startswith("kafka-io") for thread in threading.enumerate())


def test_no_broker_leaves_no_thread(no_broker):
    before = networks()

    for attempt in (create_topics, lambda: Subscription(group="a", topics=["shop.a"])):
        with pytest.raises(BrokerAway):
            attempt()
    assert [sent.fate for sent in KafkaBackend().send([OutboxEvent()])] == [Fate.AWAY]
    assert not kafka.answers()

    assert networks() == before


def test_a_broker_that_goes_away_meanwhile_leaves_no_member(monkeypatch):
    closed = []

    def refuse(topic: str) -> None:
        raise kafka.errors().KafkaTimeoutError(topic)

    consumer = SimpleNamespace(partitions_for_topic=refuse, close=lambda **_: closed.append(True))
    monkeypatch.setattr(kafka, "connected", lambda *_, **__: consumer)

    with pytest.raises(BrokerAway):
        Subscription(group="a", topics=["shop.a"])

    assert closed == [True]
