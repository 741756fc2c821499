import threading
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db.models.functions import Now
from django.utils import timezone

from shop.core.ids import new_id
from shop.core.transactions import in_transaction
from shop.events import jobs, registry, scheduler
from shop.events.leases import LeaseKeeper
from shop.events.models import InboxEvent, JobRun, Lease
from shop.events.registry import job
from shop.events.scheduler import run_jobs
from shop.events.tests.conftest import wait_for

SOON = timedelta(milliseconds=50)


@pytest.mark.django_db(transaction=True)
class TestRunJobs:
    def test_runs_each_at_its_interval_outside_a_transaction(self, in_thread):
        calls = []

        @job(every=timedelta(milliseconds=200))
        def tick(now):
            calls.append((time.monotonic(), now, in_transaction()))

        in_thread(run_jobs)
        wait_for(lambda: len(calls) == 6)

        # Never sooner; how much later is the machine's business.
        assert calls[5][0] - calls[0][0] > 0.9
        assert not any(inside for _, _, inside in calls)
        assert abs((calls[-1][1] - timezone.now()).total_seconds()) < 2

    def test_a_slow_job_delays_no_other(self, in_thread):
        ticks, release = [], threading.Event()

        @job(every=SOON)
        def slow(_now):
            release.wait(20)

        @job(every=SOON)
        def tick(_now):
            ticks.append(1)

        in_thread(run_jobs)

        wait_for(lambda: len(ticks) > 5, seconds=5)
        release.set()

    def test_a_failure_is_stored_and_the_job_goes_on(self, in_thread, monkeypatch):
        monkeypatch.setattr(scheduler, "_PAUSE_AFTER_FAILURE", 0.1)
        calls = []

        @job(every=SOON)
        def flaky(_now):
            calls.append(1)
            if len(calls) < 3:
                raise ValueError("no luck")

        in_thread(run_jobs)
        wait_for(lambda: JobRun.objects.filter(error="ValueError: no luck").exists())

        wait_for(lambda: JobRun.objects.filter(name="flaky", error="").exists())
        assert JobRun.objects.get().finished_at is not None

    def test_survives_an_outage_of_the_database(self, in_thread, monkeypatch):
        calls, writes = [], []

        @job(every=SOON)
        def tick(_now):
            calls.append(1)

        def write_down(*arguments, **named):
            writes.append(1)
            if len(writes) == 1:
                raise OperationalError("server closed the connection")
            return real(*arguments, **named)

        real = scheduler.write_down
        monkeypatch.setattr(scheduler, "write_down", write_down)
        in_thread(run_jobs)

        wait_for(lambda: JobRun.objects.exists() and len(calls) > 3)

    def test_a_job_that_rests_for_long_does_not_run_again_at_a_restart(self, in_thread):
        calls = []

        @job(every=timedelta(hours=1))
        def hourly(_now):
            calls.append("hourly")

        @job(every=timedelta(hours=1))
        def overdue(_now):
            calls.append("overdue")

        JobRun.objects.create(name="hourly", started_at=timezone.now() - timedelta(minutes=59))
        JobRun.objects.create(name="overdue", started_at=timezone.now() - timedelta(minutes=61))
        in_thread(run_jobs)
        wait_for(lambda: calls == ["overdue"])
        time.sleep(0.5)

        assert calls == ["overdue"]

    def test_a_clock_that_was_set_back_puts_nothing_off_for_longer_than_the_interval(self):
        @job(every=timedelta(seconds=1))
        def tick(_now):
            pass

        JobRun.objects.create(name="tick", started_at=timezone.now() + timedelta(days=1))
        timer = scheduler.Timer(registry.jobs["tick"], LeaseKeeper("jobs"))

        assert timer._first_due() - time.monotonic() <= 1

    def test_runs_nothing_while_another_leads(self, in_thread):
        calls = []

        @job(every=SOON)
        def tick(_now):
            calls.append(1)

        Lease.objects.create(name=scheduler.LEASE, holder="another", until=Now() + timedelta(seconds=1.5))
        in_thread(run_jobs)
        time.sleep(1)
        assert calls == []

        wait_for(lambda: len(calls) > 1, seconds=5)

    def test_a_job_that_runs_often_is_not_written_down_each_time(self, in_thread):
        calls = []

        @job(every=timedelta(milliseconds=10))
        def tick(_now):
            calls.append(1)

        in_thread(run_jobs)
        wait_for(lambda: len(calls) > 2)
        first = JobRun.objects.get().started_at
        wait_for(lambda: len(calls) > 20)

        assert JobRun.objects.get().started_at == first


@pytest.mark.django_db
class TestRunJob:
    def test_runs_it_once_and_writes_it_down(self):
        @job(every=timedelta(days=1))
        def count(_now):
            return 7

        out = StringIO()
        call_command("run_job", "count", stdout=out)

        assert out.getvalue() == "count: 7\n"
        assert JobRun.objects.get().error == ""

    def test_shows_the_error_of_one_that_fails(self):
        @job(every=timedelta(days=1))
        def broken(_now):
            raise ValueError("no luck")

        with pytest.raises(ValueError, match="no luck"):
            call_command("run_job", "broken")

        assert JobRun.objects.get().error == "ValueError: no luck"

    def test_lists_them_without_a_name(self):
        @job(every=timedelta(days=1))
        def count(_now):
            return 7

        out = StringIO()
        call_command("run_job", stdout=out)

        assert out.getvalue() == "count  every 1 day, 0:00:00\n"

    def test_refuses_a_name_nobody_has(self):
        with pytest.raises(CommandError, match="There is no job 'nothing'"):
            call_command("run_job", "nothing")


@pytest.mark.django_db
def test_the_inbox_is_pruned_after_the_outbox():
    now = timezone.now()
    for days in (20, 22):
        InboxEvent.objects.create(group="g", event_id=new_id(), handled_at=now - timedelta(days=days))

    assert jobs.prune_inbox(now) == 1

    assert InboxEvent.objects.get().handled_at == now - timedelta(days=20)
