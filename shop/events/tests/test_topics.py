"""The shop's topics: how they are made, and that what is in them can be read."""

import pytest
from django.core.management import CommandError, call_command

from shop.events import kafka
from shop.events.kafka import BrokerAway, create_topics
from shop.events.loop import consume
from shop.events.models import DeadLetter
from shop.events.relay import publish_batch
from shop.events.tests.conftest import wait_for
from shop.events.tests.test_relay import Lead
from shop.events.tests.things import random_name, seen

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


@pytest.fixture
def misshapen(broker):
    """Return a function that makes the test's topic anew, in another shape than the shop would."""

    def make(partitions, **settings):
        admin = kafka.client().KafkaAdminClient(**kafka.connection_options())
        admin.delete_topics([broker.topic])
        wait_for(lambda: broker.topic not in admin.list_topics())
        shape = {"num_partitions": partitions, "replication_factor": 1, "configs": settings}
        admin.create_topics({broker.topic: shape}, wait_for_metadata=True)
        admin.close()

    return make


class TestSetupKafka:
    def test_says_that_every_topic_is_there(self, broker, capsys):
        call_command("setup_kafka")

        assert capsys.readouterr().out == "Every topic is there.\n"

    def test_names_each_difference_and_makes_what_is_missing_all_the_same(
        self, broker, misshapen, monkeypatch, capsys
    ):
        other = f"shop.{random_name()}"
        misshapen(3, **{"retention.ms": "3600000", "cleanup.policy": "compact,delete"})
        monkeypatch.setattr(kafka, "TOPICS", (other,))

        with pytest.raises(CommandError) as refused:
            call_command("setup_kafka")

        few, kept, compact = str(refused.value).splitlines()
        assert few.startswith(f"{broker.topic} has 3 partitions instead of 6. Stop the relay")
        assert kept.startswith(f"{broker.topic} has retention.ms 3600000 instead of 604800000.")
        assert kept.endswith(f"--entity-name {broker.topic} --add-config retention.ms=604800000.")
        assert compact.startswith(f"{broker.topic} has cleanup.policy compact,delete instead of delete.")
        assert compact.endswith(f"--entity-name {broker.topic} --add-config cleanup.policy=delete.")
        assert refused.value.returncode == 1
        assert capsys.readouterr().out == f"Made: {other}.\n"

    def test_more_partitions_are_fine_when_they_are_meant(self, broker, misshapen, capsys):
        misshapen(8, **{"retention.ms": "604800000"})

        with pytest.raises(CommandError, match="has 8 partitions instead of 6") as refused:
            call_command("setup_kafka")
        assert len(str(refused.value).splitlines()) == 1
        call_command("setup_kafka", partitions=8)

        assert capsys.readouterr().out == "Every topic is there.\n"

    def test_settings_that_may_not_be_read_are_named(self, broker, monkeypatch):
        admin = kafka.client().KafkaAdminClient
        monkeypatch.setattr(admin, "describe_configs", lambda *_args, **_options: {})

        with pytest.raises(CommandError, match=f"{broker.topic}: its settings can't be read"):
            call_command("setup_kafka")

    def test_more_replicas_than_brokers_are_refused_in_a_sentence(self, broker, monkeypatch):
        monkeypatch.setattr(kafka, "TOPICS", (f"shop.{random_name()}",))

        with pytest.raises(
            CommandError, match="fewer brokers than copies to keep: say --replicas"
        ) as refused:
            call_command("setup_kafka", replicas=3)

        assert refused.value.returncode == 1

    def test_a_broker_that_is_away_is_a_sentence(self, no_broker, settings):
        (address,) = settings.KAFKA_BOOTSTRAP_SERVERS

        with pytest.raises(CommandError, match=f"^No broker answers at {address}: see that it runs"):
            call_command("setup_kafka")

    def test_so_is_one_that_refuses(self, broker, monkeypatch):
        def refuse(*_args, **_options):
            raise kafka.errors().TopicAuthorizationFailedError(broker.topic)

        monkeypatch.setattr(kafka.client().KafkaAdminClient, "describe_topics", refuse)

        with pytest.raises(CommandError, match=r"^The broker refuses, .*TopicAuthorizationFailedError"):
            call_command("setup_kafka")

    @pytest.mark.parametrize("options", [{"partitions": 0}, {"partitions": 10_001}, {"replicas": 0}])
    def test_numbers_that_no_topic_can_have_are_refused(self, options, no_broker):
        ((name, value),) = options.items()

        with pytest.raises(CommandError, match=f"^--{name} is {value}; say ") as refused:
            call_command("setup_kafka", **options)

        assert refused.value.returncode == 2
