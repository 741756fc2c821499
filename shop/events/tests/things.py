"""An event of no app, for tests: what happens to a thing is that it is seen."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from shop.events.event import Event
from shop.events.models import OutboxEvent
from shop.events.outbox import publish

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from shop.events.registry import Received


@dataclass(frozen=True, kw_only=True)
class ThingHappened(Event):
    """A thing has changed; ``note`` is what came of it."""

    type = "shop.thing_happened.v1"
    key = "thing_id"

    thing_id: UUID
    note: str = ""


# Tests put it back: what enumerates the shop's events must not find it.
Event.registry.pop(ThingHappened.type)


def thing_type(app: str) -> type[ThingHappened]:
    """Return the same event under another app's name, hence with a topic of its own."""

    @dataclass(frozen=True, kw_only=True)
    class Renamed(ThingHappened):
        type = f"{app}.thing_happened.v1"

    Event.registry.pop(Renamed.type)
    return Renamed


def random_name() -> str:
    """Return a name that nobody else on the broker uses."""
    return "test" + "".join(random.SystemRandom().choices(string.ascii_lowercase, k=10))


def happen(
    *versions: int, thing_id: UUID | None = None, note: str = "", kind: type[ThingHappened] = ThingHappened
) -> list[OutboxEvent]:
    """Announce changes of one thing, one transaction each, and return their rows."""
    thing_id = thing_id or new_id()
    for version in versions or (1,):
        with transaction.atomic():
            publish(kind(thing_id=thing_id, version=version, note=note), now=timezone.now())
    return list(OutboxEvent.objects.filter(key=str(thing_id), version__in=versions or (1,)).order_by("pk"))


def see(event: Received, now: datetime) -> None:
    """Handle an event: leave a trace in the database; fail if its note says so."""
    assert isinstance(event.fact, ThingHappened)
    AuditEntry.objects.create(
        action="seen", object_type="thing", object_id=event.key, facts={"version": event.fact.version}, at=now
    )
    if event.fact.note == "poison":
        raise ValueError("This thing can't be seen.")


def seen(key: str | UUID | None = None) -> list[int]:
    """Return the versions that were handled, in the order in which they were; of one thing or of all."""
    entries = AuditEntry.objects.filter(action="seen").order_by("pk")
    if key is not None:
        entries = entries.filter(object_id=str(key))
    return [facts["version"] for facts in entries.values_list("facts", flat=True)]


def keys(rows: Iterable[OutboxEvent]) -> set[str]:
    """Return the things that rows are about."""
    return {row.key for row in rows}
