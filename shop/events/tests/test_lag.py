"""How far groups are behind, as the broker counts."""

import pytest
from django.core.management import CommandError, call_command

from shop.events import kafka, registry
from shop.events.kafka_lag import Lag
from shop.events.kafka_subscription import Subscription
from shop.events.relay import publish_batch
from shop.events.tests.conftest import GROUP, wait_for
from shop.events.tests.test_relay import Lead
from shop.events.tests.things import random_name, see

pytestmark = [
    pytest.mark.once,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collect_sockets"),
]


@pytest.mark.needs_kafka
@pytest.mark.django_db(transaction=True)
class TestOnABroker:
    def test_counts_what_each_group_has_yet_to_handle(self, broker, backend, capsys):
        newcomer = f"z{random_name()}"
        registry.handles(broker.kind.type, group=newcomer)(see)
        for _ in range(12):
            broker.happen(1)
        publish_batch(backend, Lead())
        ends = [broker.partitions().count(part) for part in range(6)]
        self.handle_all_but_one(broker, ends)

        call_command("consumer_lag")

        last = max(part for part in range(6) if ends[part])
        lines = [
            f"{group}  {broker.topic}  partition {part}  committed {committed}  end {ends[part]}  behind {behind}"
            for group in (broker.group, newcomer)
            for part in range(6)
            for committed, behind in [self.standing(group == newcomer, ends[part], is_last=part == last)]
        ]
        assert capsys.readouterr().out.splitlines() == [
            *lines[:6],
            f"{broker.group}: 1 behind.",
            *lines[6:],
            f"{newcomer}: 12 behind.",
        ]

    def test_says_it_of_one_group_alone(self, broker, backend, capsys):
        registry.handles(broker.kind.type, group=random_name())(see)
        broker.happen(1, 2, 3)
        publish_batch(backend, Lead())

        call_command("consumer_lag", group=broker.group)

        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 7
        assert lines[-1] == f"{broker.group}: 3 behind."

    def test_what_the_topic_no_longer_has_is_not_behind(self, broker, backend, capsys):
        broker.happen(1, 2, 3)
        publish_batch(backend, Lead())
        (part,) = set(broker.partitions())
        admin = kafka.client().KafkaAdminClient(**kafka.connection_options())
        admin.delete_records({kafka.client().TopicPartition(broker.topic, part): 2})
        admin.close()

        call_command("consumer_lag")

        assert f"partition {part}  committed none  end 3  behind 1\n" in capsys.readouterr().out

    def test_a_topic_that_is_missing_is_named(self, broker, monkeypatch, capsys):
        app = random_name()
        registry.handles(f"{app}.thing_happened.v1", group=broker.group)(see)

        call_command("consumer_lag")

        said = capsys.readouterr()
        assert said.out.splitlines()[-1] == f"{broker.group}: 0 behind."
        assert said.err == f"shop.{app} doesn't exist: manage.py setup_kafka makes it.\n"

    @staticmethod
    def handle_all_but_one(broker, ends):
        """Commit the ends of the partitions that have events, but one less of the last."""
        reader = Subscription(group=broker.group, topics=[broker.topic])
        wait_for(lambda: reader.poll(milliseconds=200, most=1) is not None and reader._consumer.assignment())
        after = {(broker.topic, part): end for part, end in enumerate(ends) if end}
        after[max(after)] -= 1
        assert reader.commit(after)
        reader.close()

    @staticmethod
    def standing(is_new, end, *, is_last):
        if is_new or not end:
            return "none", end
        return (end - 1, 1) if is_last else (end, 0)


class TestWithoutABroker:
    def test_a_broker_that_is_away_is_a_sentence(self, no_broker):
        with pytest.raises(CommandError, match=r"^No broker answers at ") as refused:
            call_command("consumer_lag")

        assert refused.value.returncode == 1

    def test_an_unknown_group_is_refused(self, no_broker):
        with pytest.raises(
            CommandError, match=f"no group 'nobody'; choose from {no_broker.group}"
        ) as refused:
            call_command("consumer_lag", group="nobody")

        assert refused.value.returncode == 2

    def test_with_local_events_nobody_lags(self, settings, capsys):
        settings.EVENTS_BACKEND = "local"

        call_command("consumer_lag")

        assert capsys.readouterr().out.startswith("Events are local (EVENTS_BACKEND): ")

    @pytest.mark.parametrize(("committed", "behind"), [(None, 6), (4, 6), (5, 5), (10, 0), (2, 6), (11, 6)])
    def test_an_offset_that_is_gone_counts_as_none(self, committed, behind):
        """The topic begins at 4 and ends at 10; beyond it is who stood in one that was deleted since."""
        lag = Lag(group=GROUP, topic="shop.a", partition=0, committed=committed, start=4, end=10)

        assert lag.behind == behind
