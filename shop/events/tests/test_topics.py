"""The shop's topics: how they are made, and that what is in them can be read."""

import pytest

from shop.events.kafka import BrokerAway, create_topics
from shop.events.loop import consume
from shop.events.models import DeadLetter
from shop.events.relay import publish_batch
from shop.events.tests.conftest import wait_for
from shop.events.tests.test_relay import Lead
from shop.events.tests.things import seen

pytestmark = [
    pytest.mark.needs_kafka,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collect_sockets"),
]


class TestCreateTopics:
    def test_makes_what_is_missing_once(self, broker):
        assert create_topics() == []
        assert broker.configuration() == {
            "retention.ms": "604800000",
            "cleanup.policy": "delete",
            "compression.type": "producer",
        }

    def test_says_that_no_broker_answers(self, no_broker):
        with pytest.raises(BrokerAway):
            create_topics()


@pytest.mark.parametrize("codec", ["gzip", "lz4", "snappy", "zstd"])
def test_a_group_reads_what_comes_in_any_codec(codec, broker, backend, in_thread):
    # The broker presses what it is sent, and hands it out so.
    broker.configure(compression_type=codec)
    (row,) = broker.happen(1, note="again " * 200)
    publish_batch(backend, Lead())
    broker.configure(compression_type="producer")
    broker.produce(b"{" * 1000, codec=codec)
    broker.happen(2, thing_id=row.key)
    publish_batch(backend, Lead())
    in_thread(consume, broker.group)

    wait_for(lambda: seen(row.key) == [1, 2] and DeadLetter.objects.count() == 1)
