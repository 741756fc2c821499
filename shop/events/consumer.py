"""How an event enters: one function for every backend, which handles it once or keeps it."""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from shop.core.adding import add_missing
from shop.core.transactions import use_case
from shop.events import registry
from shop.events.failures import RETRY_AFTER, clean, describe, is_outage
from shop.events.interpreting import Refused, interpret
from shop.events.models import DeadLetter, InboxEvent, ParkedEvent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from shop.events.registry import Received

logger = logging.getLogger(__name__)


class Outcome(enum.Enum):
    """What became of a message; each is committed, so its offset may be."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"
    SKIPPED = "skipped"
    PARKED = "parked"
    QUEUED = "queued"
    DEAD = "dead"


class Position(NamedTuple):
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
            found |= self.position._asdict()
        return found


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
        event = interpret(group=group, message=message, foreign=position is not None)
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


def run_handlers(*, group: str, event: Received, now: datetime) -> None:
    """Call the group's handlers of an event, in order of registration, in the caller's transaction."""
    for handler in registry.handlers[group][event.type]:
        handler(event, now)


def claim(*, group: str, event_id: UUID, now: datetime) -> bool:
    """
    Write the inbox row; tell whether there was none, so that the event is the caller's to handle.

    A twin that is at work is waited for: the row counts once its transaction commits.
    """
    return bool(claim_all(group=group, event_ids=[event_id], now=now))


def claim_all(*, group: str, event_ids: Iterable[UUID], now: datetime) -> set[UUID]:
    """Write inbox rows in one statement and return the ids that had none; see ``claim``."""
    # Sorted, so that two who claim the same ones wait for each other in one direction only.
    rows = [{"event_id": event_id} for event_id in sorted(set(event_ids), key=attrgetter("int"))]
    return set(add_missing(InboxEvent, rows, told="event_id", same={"group": group, "handled_at": now}))


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
