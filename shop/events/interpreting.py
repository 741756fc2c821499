"""What a message says: read, checked against the outbox, and made the event that handlers get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.db.models import TextField, UUIDField
from django.db.models.functions import Cast

from shop.core.sql import Among
from shop.events import registry
from shop.events.envelope import Envelope, InvalidEnvelope, decode
from shop.events.event import Event, InvalidPayload, split_type
from shop.events.models import OutboxEvent
from shop.events.registry import Received

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    # What the outbox says of an event: its type, key, version and payload.
    Announced = Mapping[UUID, tuple[str, str, int, Any]]


class Refused(Exception):
    """Raised when a message can never be handled; ``event_id`` is None when even its id can't be believed."""

    def __init__(self, reason: str, envelope: Envelope | None = None, *, believed: bool = False) -> None:
        self.envelope = envelope
        self.event_id = envelope.id if envelope and believed else None
        super().__init__(reason)


def interpret(*, group: str, message: bytes, foreign: bool) -> Received | None:
    """
    Return the event that a message carries, or None when nobody in the group asked for its type.

    :param foreign: a broker was between, so that somebody may have forged it.
    :raises Refused: it is invalid, forged, or of a major version that the group doesn't know.
    """
    envelope = read(group=group, message=message)
    if envelope is None:
        return None
    return believe(group=group, envelope=envelope, announced=announced([envelope.id]) if foreign else None)


def read(*, group: str, message: bytes) -> Envelope | None:
    """
    Return what a message says of itself, or None when nobody in the group asked for its type.

    :raises Refused: it is no event.
    """
    try:
        envelope = decode(message)
    except InvalidEnvelope as error:
        raise Refused(str(error)) from error
    heard = registry.handlers.get(group, {})
    if envelope.type not in heard and not _asks_for_another_major(heard, envelope.type):
        return None
    return envelope


def announced(ids: Iterable[UUID]) -> Announced:
    """Return what the outbox says of events, by id; those that it doesn't know are missing."""
    known = OutboxEvent.objects.filter(event_id__in=Among(ids, UUIDField()))
    # The payload as text: the field's own reading takes several times as long.
    rows = known.values_list("event_id", "type", "key", "version", Cast("payload", TextField()))
    return {
        event_id: (name, key, version, orjson.loads(payload))
        for event_id, name, key, version, payload in rows
    }


def believe(*, group: str, envelope: Envelope, announced: Announced | None) -> Received:
    """
    Return the event that an envelope holds.

    :param announced: what the outbox says of its id; None where nobody can have forged it.
    :raises Refused: it is forged, its data is invalid, or it is of a major version that the group doesn't know.
    """
    said = (envelope.type, envelope.key, envelope.version, envelope.data)
    # Another major isn't read any further, but it must be ours before its id is believed.
    if announced is not None and announced.get(envelope.id) != said:
        raise Refused(
            "No such event was ever announced here: forged, altered, or older than the outbox.", envelope
        )
    if envelope.type not in registry.handlers.get(group, {}):
        raise Refused(f"{envelope.type}: the group asked for another major version.", envelope, believed=True)
    return Received(
        id=envelope.id,
        type=envelope.type,
        key=envelope.key,
        occurred_at=envelope.time,
        fact=_fact(envelope),
    )


def _asks_for_another_major(heard: dict[str, list[registry.Handler]], type_name: str) -> bool:
    said = split_type(type_name)
    return said is not None and any((split_type(name) or ("",))[0] == said[0] for name in heard)


def _fact(envelope: Envelope) -> Event:
    kind = Event.registry.get(envelope.type)
    if kind is None:
        raise Refused(f"{envelope.type} is no event of this shop.", envelope, believed=True)
    try:
        fact = kind.parse(envelope.data)
    except InvalidPayload as error:
        raise Refused(str(error), envelope, believed=True) from error
    if (fact.aggregate_id, fact.version) != (envelope.key, envelope.version):
        reason = f"{envelope.type}: subject or aggregateversion isn't what the data says."
        raise Refused(reason, envelope, believed=True)
    return fact
