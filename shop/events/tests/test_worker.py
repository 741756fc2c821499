import threading
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from shop.events.kafka import connection_options
from shop.events.models import JobRun, Lease
from shop.events.tests.conftest import GROUP, wait_for
from shop.events.tests.things import happen, seen
from shop.events.worker import Part, UnknownPart, parts, run_parts, supervise


def names(*only):
    return [part.name for part in parts(only)]


class TestParts:
    def test_with_local_events_the_relay_feeds_the_consumers(self):
        assert names() == ["relay", "jobs"]
        assert names("jobs") == ["jobs"]

    @pytest.mark.parametrize("only", ["consumers", GROUP])
    def test_with_local_events_no_consumer_stands_alone(self, only):
        with pytest.raises(UnknownPart, match="run the part relay"):
            parts([only])

    def test_with_kafka_every_group_has_one(self, settings):
        settings.EVENTS_BACKEND = "kafka"

        assert names() == ["relay", "jobs", f"consumer-{GROUP}"]
        assert names("relay", "jobs") == ["relay", "jobs"]
        assert names("consumers") == names(GROUP) == [f"consumer-{GROUP}"]

    def test_an_unknown_name_is_refused_with_those_that_are_known(self):
        with pytest.raises(
            UnknownPart, match=f"no part 'relais'; choose from relay, jobs, consumers, {GROUP}"
        ):
            parts(["relais"])


class TestSupervise:
    @pytest.mark.parametrize("error", [ValueError("bug"), SystemExit(3), OperationalError("gone"), None])
    def test_a_part_that_ends_is_started_again_after_a_pause(self, error):
        starts, stop = [], threading.Event()

        def run(_stop):
            starts.append(time.monotonic())
            if len(starts) == 3:
                stop.set()
            if error:
                raise error

        supervise(Part("fragile", run), stop)

        assert len(starts) == 3
        assert starts[1] - starts[0] > 0.3
        assert starts[2] - starts[1] > 0.7

    def test_a_part_that_hangs_cannot_keep_the_worker_from_ending(self, monkeypatch):
        monkeypatch.setattr("shop.events.worker._STOP_SECONDS", 0.3)
        hangs, stop = threading.Event(), threading.Event()
        stop.set()

        def hang(_stop):
            hangs.wait(20)

        began = time.monotonic()
        run_parts([Part("hanging", hang)], stop)
        hangs.set()

        assert time.monotonic() - began < 10


@pytest.mark.django_db(transaction=True)
class TestCommands:
    def test_the_worker_carries_events_and_ends_at_once_with_zero(self, child):
        worker = child("run_worker")
        happen(1, 2)
        wait_for(lambda: seen() == [1, 2], seconds=40)

        worker.terminate()

        assert worker.wait(8) == 0

    def test_only_what_is_asked_for_runs(self, child):
        worker = child("run_worker", "--only", "jobs")
        wait_for(lambda: Lease.objects.filter(name="jobs").exists(), seconds=40)
        worker.terminate()

        assert worker.wait(20) == 0
        assert not Lease.objects.filter(name="relay").exists()
        assert not JobRun.objects.exists()

    def test_consuming_apart_is_refused_with_local_events(self):
        with pytest.raises(CommandError, match="run_worker hands them to every group itself") as refused:
            call_command("consume_events", group=GROUP)

        assert refused.value.returncode == 2

    def test_an_unknown_part_is_refused(self):
        with pytest.raises(CommandError, match="There is no part") as refused:
            call_command("run_worker", only="relais")

        assert refused.value.returncode == 2

    @pytest.mark.parametrize(
        "server", ["broker:port", "broker:0", "broker:65536", "a..b:9092", "kafka://b:9092"]
    )
    def test_an_address_that_cannot_be_read_is_named(self, server, settings):
        settings.KAFKA_BOOTSTRAP_SERVERS = ["broker:9092", server]

        with pytest.raises(CommandError, match=f"^KAFKA_BOOTSTRAP_SERVERS names '{server}'; write host:port"):
            call_command("setup_kafka")

    @pytest.mark.parametrize(
        "server", ["b", "b.example.:9092", "10.0.0.1:1", "[::1]:9092", "[::1]", "fe80::1"]
    )
    def test_an_address_that_can_be_read_is_taken(self, server, settings):
        settings.KAFKA_BOOTSTRAP_SERVERS = [server]

        assert connection_options()["bootstrap_servers"] == [server]

    def test_topics_need_a_broker(self, settings):
        settings.KAFKA_BOOTSTRAP_SERVERS = []

        with pytest.raises(CommandError, match="KAFKA_BOOTSTRAP_SERVERS is not set"):
            call_command("setup_kafka")
