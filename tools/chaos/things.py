"""An event of no app: a thing has changed, and now and then somebody gets a mail about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from notifications import services as notifications
from shop.audit.models import AuditEntry
from shop.events import kafka, registry
from shop.events.event import Event

if TYPE_CHECKING:
    from datetime import datetime

    from shop.events.registry import Received

GROUP = "chaos"
SEEN = "chaos.seen"


@dataclass(frozen=True, kw_only=True)
class ThingChanged(Event):
    """A thing has changed; with a user, that user is owed a mail."""

    type = "tools.thing_changed.v1"
    key = "thing_id"

    thing_id: UUID
    user_id: UUID | None = None


TOPIC = "shop.tools"


def see(event: Received, now: datetime) -> None:
    """Leave a trace of an event, and owe the mail."""
    fact: Any = event.fact
    AuditEntry.objects.create(
        action=SEEN, object_type="thing", object_id=event.key, facts={"event": str(event.id)}, at=now
    )
    if fact.user_id is not None:
        to = notifications.To.user(fact.user_id)
        notifications.enqueue(event_id=event.id, template="verify_email", to=to, now=now)


def install() -> None:
    """Put this event and its handler in place of every app's, in this process."""
    Event.registry.clear()
    Event.registry[ThingChanged.type] = ThingChanged
    registry.handlers.clear()
    registry.handles(ThingChanged.type, group=GROUP)(see)
    # Many in one transaction, as the group that writes mail does.
    registry.handle_together(GROUP)
    registry.jobs.clear()
    kafka.TOPICS = (TOPIC,)  # type: ignore[assignment]
