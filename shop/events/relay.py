"""From the outbox to whatever carries events: at least once, in order per key."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from shop.core.failpoints import failpoint
from shop.core.sql import Among
from shop.core.transactions import use_case
from shop.events.backends import Fate
from shop.events.failures import pauses
from shop.events.kafka import create_topics
from shop.events.kafka_producer import KafkaBackend
from shop.events.leases import LeaseKeeper
from shop.events.local import LocalBackend
from shop.events.models import OutboxEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from threading import Event as Flag

    from shop.events.backends import Backend, Sent

logger = logging.getLogger(__name__)

LEASE = "relay"
BATCH = 500
POLL_SECONDS = 0.1
# A row that fails is tried again after half a second, then more rarely, at last once a minute, for ever.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(milliseconds=500), timedelta(minutes=1)
# Twice as long as a topic keeps an event (kafka.RETENTION): a consumer that rewinds must still find each event's
# row here, or it would take the event for a forged one.
KEEP = timedelta(days=14)
_PRUNED_AT_ONCE = 1000


class LeaseLost(Exception):
    """Raised when another relay leads by now; nothing is marked, so it sends the batch again."""


class Leadership(Protocol):
    """A lease as far as a batch needs it; see ``LeaseKeeper``."""

    @property
    def held(self) -> bool:
        """Whether this process believes that it leads."""
        ...

    def confirm(self) -> bool:
        """Tell whether it does, and keep it so until the transaction ends."""
        ...


@dataclass
class Batch:
    """What became of one batch, with the row's key where it failed."""

    acked: list[int] = field(default_factory=list)
    failed: list[tuple[OutboxEvent, Sent]] = field(default_factory=list)
    # Why nobody answered, if nobody did.
    away: str = ""
    full: bool = False


def run_relay(stop: Flag) -> None:
    """
    Publish what is in the outbox while this process leads, until the flag is set; then finish the batch.

    :raises OperationalError: the database is away; call again.
    """
    backend = make_backend()
    if isinstance(backend, KafkaBackend) and not settings.PRODUCTION:
        create_topics()
    try:
        with LeaseKeeper(LEASE) as lease:
            _publish_while_leading(backend, lease, stop)
    finally:
        backend.close()


def make_backend() -> Backend:
    """Return the backend that the settings name."""
    if settings.EVENTS_BACKEND == "local":
        return LocalBackend()
    return KafkaBackend()


def _publish_while_leading(backend: Backend, lease: LeaseKeeper, stop: Flag) -> None:
    waits = pauses(first=0.2, longest=5)
    while not stop.is_set():
        if not lease.held:
            stop.wait(POLL_SECONDS)
            continue
        try:
            batch = publish_batch(backend, lease)
        except LeaseLost:
            logger.warning("The lease went to another relay while a batch was on its way; it is sent again.")
            continue
        if batch.away:
            seconds = next(waits)
            logger.warning("Nothing takes events just now, next try in %.1f s: %s", seconds, batch.away)
            stop.wait(seconds)
            continue
        waits = pauses(first=0.2, longest=5)
        if not batch.full:
            stop.wait(POLL_SECONDS)


def publish_batch(backend: Backend, lease: Leadership) -> Batch:
    """
    Send the earliest unpublished rows and mark those that arrived.

    A row is sent once the one before it of the same key has arrived, so that even a failure in the middle can't
    let a later one overtake. Marking comes after the acknowledgement and only under the lease.

    :raises LeaseLost: the lease was lost meanwhile; nothing is marked.
    """
    rows = due_rows(now=timezone.now())
    batch = Batch(full=len(rows) == BATCH)
    if not rows:
        return batch
    failpoint("relay.after_select")
    for wave in _waves(rows):
        stopped = {_key(row) for row, _ in batch.failed}
        sendable = [row for row in wave if _key(row) not in stopped]
        if not sendable or not lease.held:
            break
        _sort(sendable, backend.send(sendable), batch)
        if batch.away:
            break
    failpoint("relay.after_ack_before_mark")
    if batch.acked or any(sent.fate is not Fate.AWAY for _, sent in batch.failed):
        use_case(_mark, batch, lease, timezone.now())
    return batch


def due_rows(*, now: datetime) -> list[OutboxEvent]:
    """Return the earliest rows that may be sent: unpublished, and no earlier one of their key is held back."""
    waiting = OutboxEvent.objects.filter(published_at__isnull=True)
    holding = waiting.filter(
        Q(parked_at__isnull=False) | Q(next_attempt_at__gt=now),
        aggregate_type=OuterRef("aggregate_type"),
        key=OuterRef("key"),
        pk__lt=OuterRef("pk"),
    )
    may_go = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now)
    return list(waiting.filter(may_go, ~Exists(holding), parked_at__isnull=True).order_by("pk")[:BATCH])


def _waves(rows: Sequence[OutboxEvent]) -> Iterator[list[OutboxEvent]]:
    """Yield the rows in groups with one row of a key each: the first of every key, then the second, and so on."""
    left = list(rows)
    while left:
        wave: dict[tuple[str, str], OutboxEvent] = {}
        later = []
        for row in left:
            if _key(row) in wave:
                later.append(row)
            else:
                wave[_key(row)] = row
        yield list(wave.values())
        left = later


def _sort(rows: Sequence[OutboxEvent], fates: Sequence[Sent], batch: Batch) -> None:
    for row, sent in zip(rows, fates, strict=True):
        if sent.fate is Fate.ACKED:
            batch.acked.append(row.pk)
            continue
        batch.failed.append((row, sent))
        if sent.fate is Fate.AWAY:
            batch.away = sent.error


def _key(row: OutboxEvent) -> tuple[str, str]:
    return (row.aggregate_type, row.key)


def _mark(batch: Batch, lease: Leadership, now: datetime) -> None:
    # One that was stopped for longer than its lease must not mark: another relay leads by now.
    if not lease.confirm():
        raise LeaseLost
    waiting = OutboxEvent.objects.filter(published_at__isnull=True)
    waiting.filter(pk__in=Among(batch.acked)).update(published_at=Now(), next_attempt_at=None, error="")
    for row, sent in batch.failed:
        if sent.fate is Fate.RETRY:
            _hold_back(row, sent, now)
        elif sent.fate is Fate.NEVER:
            logger.error("%s %s can't be sent and is parked: %s", row.type, row.event_id, sent.error)
            waiting.filter(pk=row.pk).update(parked_at=now, attempts=row.attempts + 1, error=sent.error)


def _hold_back(row: OutboxEvent, sent: Sent, now: datetime) -> None:
    pause = min(_FIRST_PAUSE * 2 ** min(row.attempts, 10), _LONGEST_PAUSE)
    logger.warning("%s %s failed, next try in %s: %s", row.type, row.event_id, pause, sent.error)
    OutboxEvent.objects.filter(pk=row.pk, published_at__isnull=True).update(
        attempts=row.attempts + 1, next_attempt_at=now + pause, error=sent.error
    )


def prune_outbox(*, now: datetime) -> int:
    """Delete rows that were published longer ago than a topic keeps them; return how many there were."""
    deleted = 0
    while True:
        old = OutboxEvent.objects.filter(published_at__lt=now - KEEP).values_list("pk", flat=True)[
            :_PRUNED_AT_ONCE
        ]
        # A part at a time: one long delete would hold SQLite's only write lock.
        count, _ = OutboxEvent.objects.filter(pk__in=list(old)).delete()
        deleted += count
        if count < _PRUNED_AT_ONCE:
            return deleted
