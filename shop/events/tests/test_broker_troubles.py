"""What a broker may do to the relay: answer too late, not keep what it gets, lack the topic, come and go."""

import contextlib
import time

import pytest

from shop.core.ids import new_id
from shop.events import kafka, kafka_producer
from shop.events.kafka import create_topics
from shop.events.models import OutboxEvent
from shop.events.relay import run_relay
from shop.events.tests.brokers import first_versions
from shop.events.tests.conftest import wait_for
from shop.events.tests.test_relay import published
from shop.events.worker import Part, supervise
from tools.chaos.link import Link

pytestmark = [
    pytest.mark.needs_kafka,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collect_sockets"),
]


@pytest.fixture
def link(monkeypatch):
    """Return the way to the broker, which all clients of this process take."""
    straight = kafka.connection_options
    with Link() as found:
        monkeypatch.setattr(kafka, "connection_options", lambda: {**straight(), "proxy_url": found.url})
        yield found


@pytest.fixture
def sends(monkeypatch, settings):
    """Return the times of the relay's tries; it loses patience within a second, and makes no topic by itself."""
    settings.PRODUCTION = True
    monkeypatch.setattr(kafka, "REQUEST_MS", 400)
    monkeypatch.setattr(kafka_producer, "_DELIVERY_MS", 600)
    monkeypatch.setattr(kafka_producer, "_ANSWER_SECONDS", 0.8)
    monkeypatch.setattr(kafka_producer, "_METADATA_MS", 400)
    found = []
    send = kafka_producer.KafkaBackend.send

    def noted(self, rows):
        found.append(time.monotonic())
        return send(self, rows)

    monkeypatch.setattr(kafka_producer.KafkaBackend, "send", noted)
    return found


@contextlib.contextmanager
def answers_come_late(broker, link):
    link.delay = 1.0
    yield
    link.delay = 0.0


@contextlib.contextmanager
def too_few_keep_it(broker, link):
    # One broker can't be made to say so: it never asks for more replicas than a topic has.
    refused = kafka.client().future.Future().failure(kafka.errors().NotEnoughReplicasError())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kafka.client().KafkaProducer, "send", lambda *_args, **_options: refused)
        yield


@contextlib.contextmanager
def topic_is_missing(broker, link):
    admin = kafka.client().KafkaAdminClient(**kafka.connection_options())
    admin.delete_topics([broker.topic])
    wait_for(lambda: broker.topic not in admin.list_topics())
    admin.close()
    yield
    create_topics()


@contextlib.contextmanager
def comes_and_goes(broker, link):
    link.cut()
    yield
    for _ in range(3):
        link.mend()
        time.sleep(0.2)
        link.cut()
        time.sleep(0.3)
    link.mend()


@pytest.mark.parametrize("trouble", [answers_come_late, too_few_keep_it, topic_is_missing, comes_and_goes])
def test_announcing_goes_on_and_all_of_it_follows_in_order(trouble, broker, link, sends, in_thread):
    things = [new_id() for _ in range(4)]
    with trouble(broker, link):
        in_thread(lambda stop: supervise(Part("relay", run_relay), stop))
        for version in (1, 2, 3):
            for thing in things:
                broker.happen(version, thing_id=thing)
        wait_for(lambda: len(sends) >= 2)
        until_now, asked = len(sends), link.asked
        time.sleep(1.5)

        assert OutboxEvent.objects.filter(published_at=None).count() == 12
        # It neither sends nor connects without a pause.
        assert len(sends) - until_now <= 4
        assert link.asked - asked <= 40
    # What was put off may go at once.
    OutboxEvent.objects.filter(published_at=None).update(next_attempt_at=None)

    wait_for(lambda: len(published()) == 12)

    assert first_versions(broker.records()) == {str(thing): [1, 2, 3] for thing in things}
    assert not OutboxEvent.objects.exclude(parked_at=None).exists()
