"""Timed jobs: each in a thread of its own, all under one lease."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import Error, close_old_connections, connection
from django.utils import timezone

from shop.events import registry
from shop.events.failures import describe
from shop.events.leases import LeaseKeeper
from shop.events.models import JobRun

if TYPE_CHECKING:
    from datetime import datetime
    from threading import Event as Flag

    from shop.events.registry import Job

logger = logging.getLogger(__name__)

LEASE = "jobs"
# A run is written down at least this often; each run of a job that comes round every second would be a write a second.
_WRITE_EVERY = timedelta(minutes=1)
_STANDBY_SECONDS = 0.2
# After a failed run, at least: a broken job that runs ten times a second must not fill the log.
_PAUSE_AFTER_FAILURE = 5.0


def run_jobs(stop: Flag) -> None:
    """Run every registered job at its interval while this process leads, until the flag is set."""
    with LeaseKeeper(LEASE) as lease:
        threads = [
            threading.Thread(target=Timer(job, lease).run, args=(stop,), name=f"job-{job.name}", daemon=True)
            for job in registry.jobs.values()
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        # The lease is given back once the jobs have ended, so that nobody starts them a second time meanwhile.
        for thread in threads:
            thread.join()


class Timer:
    """One job's clock."""

    def __init__(self, job: Job, lease: LeaseKeeper) -> None:
        self._job = job
        self._lease = lease
        self._written: JobRun | None = None

    def run(self, stop: Flag) -> None:
        """Run the job whenever it is due and this process leads; nothing that it raises ends the thread."""
        due: float | None = None
        while not stop.is_set():
            if not self._lease.held:
                due = None
                stop.wait(_STANDBY_SECONDS)
                continue
            try:
                due = self._first_due() if due is None else due
                wait = due - time.monotonic()
                if wait > 0:
                    # Short waits, so that a lost lease is noticed.
                    stop.wait(min(wait, 1.0))
                    continue
                due = time.monotonic() + self._run_once()
            except Error as error:
                logger.warning("Job %s: the database doesn't answer: %s", self._job.name, error)
                connection.close()
                stop.wait(1)
        connection.close()

    def _first_due(self) -> float:
        """Return the moment of the first run: an interval after the last, whoever ran it."""
        self._written = JobRun.objects.filter(name=self._job.name).first()
        if self._written is None or self._written.started_at is None:
            return time.monotonic()
        left = self._written.started_at + self._job.every - timezone.now()
        # A clock that was set back must not put the job off for longer than its interval.
        return time.monotonic() + min(left, self._job.every).total_seconds()

    def _run_once(self) -> float:
        """Run the job and return the seconds until the next run."""
        began, now = time.monotonic(), timezone.now()
        close_old_connections()
        error = ""
        try:
            self._job.run(now)
        except Exception as failure:
            # A job's bug is stored and shown, and must not end its thread.
            logger.exception("Job %s failed.", self._job.name)
            error = describe(failure)
        self._write_down(now, error)
        self._let_go()
        left = self._job.every.total_seconds() - (time.monotonic() - began)
        return max(left, _PAUSE_AFTER_FAILURE) if error else max(left, 0)

    def _write_down(self, now: datetime, error: str) -> None:
        last = self._written
        news = last is None or last.started_at is None or bool(last.error) != bool(error)
        if not news and last and last.started_at and now - last.started_at < _WRITE_EVERY:
            return
        self._written = write_down(self._job.name, started_at=now, error=error)

    def _let_go(self) -> None:
        # A job that rests for long needs no connection meanwhile.
        if self._job.every >= _WRITE_EVERY:
            connection.close()
        else:
            close_old_connections()


def write_down(name: str, *, started_at: datetime, error: str) -> JobRun:
    """Store the run that has just ended."""
    run = JobRun(name=name, started_at=started_at, finished_at=timezone.now(), error=error)
    JobRun.objects.bulk_create(
        [run],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["started_at", "finished_at", "error"],
    )
    return run
