"""How the event runtime is doing, for health, metrics and people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Min
from django.db.models.functions import Now

from shop.events.models import DeadLetter, Lease, OutboxEvent, ParkedEvent
from shop.events.relay import LEASE

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Status:
    """
    The runtime at a moment.

    ``worker_alive``: some relay leads. ``backlog``: rows not yet published, the oldest ``oldest_age`` seconds old.
    ``stuck``: rows of the outbox that can't be sent. ``parked``: events that wait in a group. ``dead_letters``:
    messages that a group gave up on.
    """

    worker_alive: bool
    backlog: int
    oldest_age: float
    stuck: int
    parked: int
    dead_letters: int


def status(*, now: datetime) -> Status:
    """Return how the runtime is doing; four small statements."""
    waiting = OutboxEvent.objects.filter(published_at__isnull=True).aggregate(
        count=Count("pk"), oldest=Min("occurred_at"), stuck=Count("parked_at")
    )
    oldest = waiting["oldest"]
    return Status(
        worker_alive=Lease.objects.filter(name=LEASE, until__gt=Now()).exists(),
        backlog=waiting["count"],
        oldest_age=max((now - oldest).total_seconds(), 0.0) if oldest else 0.0,
        stuck=waiting["stuck"],
        parked=ParkedEvent.objects.count(),
        dead_letters=DeadLetter.objects.count(),
    )
