"""A membership that can't begin leaves nothing behind."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from shop.events import kafka
from shop.events.kafka import BrokerAway
from shop.events.kafka_subscription import Subscription

pytestmark = pytest.mark.once


def test_that_finds_the_broker_gone_closes_its_client(monkeypatch):
    closed, kafka_errors = [], kafka.errors()

    def refuse(topic: str) -> None:
        raise kafka_errors.KafkaTimeoutError(topic)

    consumer = SimpleNamespace(partitions_for_topic=refuse, close=lambda **_: closed.append(True))
    monkeypatch.setattr(
        kafka, "client", lambda: SimpleNamespace(KafkaConsumer=lambda **_: consumer, errors=kafka_errors)
    )

    with pytest.raises(BrokerAway):
        Subscription(group="a", topics=["shop.a"])

    assert closed == [True]
