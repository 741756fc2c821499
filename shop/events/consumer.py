"""How an event enters: one function for every backend, which handles it once or keeps it."""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from shop.core.transactions import use_case
from shop.events import registry
from shop.events.envelope import Envelope, InvalidEnvelope, decode
from shop.events.event import Event, InvalidPayload, split_type
from shop.events.failures import RETRY_AFTER, clean, describe, is_outage
from shop.events.models import DeadLetter, InboxEvent, OutboxEvent, ParkedEvent
from shop.events.registry import Received

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)


class Outcome(enum.Enum):
    """What became of a message; each is committed, so its offset may be."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"
    SKIPPED = "skipped"
    PARKED = "parked"
    QUEUED = "queued"
    DEAD = "dead"


@dataclass(frozen=True)
class Position:
    """Where a message stood in a topic."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Delivery:
    """A message as it came: for whom, from where, when."""

    group: str
    message: bytes
    position: Position | None
    now: datetime

    def kept(self) -> dict[str, Any]:
        """Return the columns that a parked event or dead letter keeps of it."""
        text = clean(self.message.decode("utf-8", "backslashreplace"))
        found: dict[str, Any] = {"group": self.group, "message": text}
        if self.position is not None:
            found |= vars(self.position)
        return found


class Refused(Exception):
    """Raised when a message can never be handled; ``event_id`` is None when even its id can't be believed."""

    def __init__(self, reason: str, envelope: Envelope | None = None, *, believed: bool = False) -> None:
        self.envelope = envelope
        self.event_id = envelope.id if envelope and believed else None
        super().__init__(reason)


def receive(*, group: str, message: bytes, position: Position | None, now: datetime) -> Outcome:
    """
    Handle a message for a group, once, or keep it: when this returns, what became of it is committed.

    An event of a key with parked events queues behind them. A failing one is parked. What can never be handled is
    a dead letter. A type nobody in the group asked for is skipped.

    Transaction: opens its own, durable ones.

    :param position: where it stood in a topic; None where no broker was between, so that nobody can have forged it.
    :raises OperationalError: the database is away; nothing is written and the message must come again.
    """
    delivery = Delivery(group, message, position, now)
    try:
        event = interpret(group=group, message=message, position=position)
    except Refused as refused:
        logger.warning("%s: dead letter: %s", group, refused)
        return use_case(_bury, delivery, refused)
    if event is None:
        return Outcome.SKIPPED
    try:
        return use_case(_handle_or_queue, delivery, event)
    except Exception as error:
        # Whatever a handler raises must not stop the other keys; only the missing database does.
        if is_outage(error):
            raise
        logger.exception("%s: %s %s failed and is parked.", group, event.type, event.id)
        return use_case(_keep, delivery, event, error)


def interpret(*, group: str, message: bytes, position: Position | None) -> Received | None:
    """
    Return the event that a message carries, or None when nobody in the group asked for its type.

    :raises Refused: it is invalid, forged, or of a major version that the group doesn't know.
    """
    try:
        envelope = decode(message)
    except InvalidEnvelope as error:
        raise Refused(str(error)) from error
    heard = registry.handlers.get(group, {})
    if envelope.type not in heard and not _asks_for_another_major(heard, envelope.type):
        return None
    # Another major isn't read any further, but it must be ours before its id is believed.
    if position is not None and not _is_in_outbox(envelope):
        raise Refused(
            "No such event was ever announced here: forged, altered, or older than the outbox.", envelope
        )
    if envelope.type not in heard:
        raise Refused(f"{envelope.type}: the group asked for another major version.", envelope, believed=True)
    return Received(
        id=envelope.id,
        type=envelope.type,
        key=envelope.key,
        occurred_at=envelope.time,
        fact=_fact(envelope),
    )


def run_handlers(*, group: str, event: Received, now: datetime) -> None:
    """Call the group's handlers of an event, in order of registration, in the caller's transaction."""
    for handler in registry.handlers[group][event.type]:
        handler(event, now)


def claim(*, group: str, event_id: UUID, now: datetime) -> bool:
    """
    Write the inbox row; tell whether there was none, so that the event is the caller's to handle.

    A twin that is at work is waited for: the row counts once its transaction commits.
    """
    with connection.cursor() as cursor:
        # The ORM doesn't tell whether an ignored conflict happened.
        cursor.execute(
            f'INSERT INTO {_INBOX} ("group", event_id, handled_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING',  # noqa: S608
            [
                group,
                InboxEvent._meta.get_field("event_id").get_db_prep_value(event_id, connection),
                InboxEvent._meta.get_field("handled_at").get_db_prep_value(now, connection),
            ],
        )
        return bool(cursor.rowcount == 1)


_INBOX = connection.ops.quote_name(InboxEvent._meta.db_table)


def _handle_or_queue(delivery: Delivery, event: Received) -> Outcome:
    # First the queue, then the claim. A queue that drains just now is still seen, and its timer comes again; one
    # that isn't seen has committed every effect that stood before this event.
    if ParkedEvent.objects.filter(group=delivery.group, key=event.key).exists():
        return _keep(delivery, event, None)
    if not claim(group=delivery.group, event_id=event.id, now=delivery.now):
        return Outcome.DUPLICATE
    run_handlers(group=delivery.group, event=event, now=delivery.now)
    return Outcome.HANDLED


def _keep(delivery: Delivery, event: Received, error: Exception | None) -> Outcome:
    """Park an event that failed, or without an error one that waits behind such."""
    # A twin may have handled it meanwhile.
    if InboxEvent.objects.filter(group=delivery.group, event_id=event.id).exists():
        return Outcome.DUPLICATE
    parked = ParkedEvent(
        **delivery.kept(),
        event_id=event.id,
        type=event.type,
        key=event.key,
        attempts=1 if error else 0,
        error=describe(error) if error else "",
        parked_at=delivery.now,
        # What only queues is due as soon as it comes first.
        next_attempt_at=delivery.now + RETRY_AFTER[0] if error else delivery.now,
    )
    # A redelivery finds the row that is already there.
    ParkedEvent.objects.bulk_create([parked], ignore_conflicts=True)
    return Outcome.PARKED if error else Outcome.QUEUED


def _bury(delivery: Delivery, refused: Refused) -> Outcome:
    if refused.event_id and not claim(group=delivery.group, event_id=refused.event_id, now=delivery.now):
        return Outcome.DUPLICATE
    envelope = refused.envelope
    letter = DeadLetter(
        **delivery.kept(),
        event_id=refused.event_id,
        type=envelope.type if envelope else "",
        key=envelope.key if envelope else "",
        attempts=1,
        error=describe(refused),
        died_at=delivery.now,
    )
    DeadLetter.objects.bulk_create([letter], ignore_conflicts=True)
    return Outcome.DEAD


def _asks_for_another_major(heard: dict[str, list[registry.Handler]], type_name: str) -> bool:
    said = split_type(type_name)
    return said is not None and any((split_type(name) or ("",))[0] == said[0] for name in heard)


def _is_in_outbox(envelope: Envelope) -> bool:
    row = (
        OutboxEvent.objects.filter(event_id=envelope.id)
        .values_list("type", "key", "version", "payload")
        .first()
    )
    return row == (envelope.type, envelope.key, envelope.version, envelope.data)


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
