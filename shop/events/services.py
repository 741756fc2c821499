"""What staff can do about events that didn't get through."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from django.db import transaction

from shop.audit import services as audit
from shop.core.errors import DomainError, Kind
from shop.core.transactions import forbid_transaction, use_case
from shop.events.consumer import claim, run_handlers
from shop.events.failures import describe, is_outage
from shop.events.interpreting import interpret
from shop.events.models import DeadLetter, InboxEvent, OutboxEvent, ParkedEvent

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

F = TypeVar("F", DeadLetter, ParkedEvent)

logger = logging.getLogger(__name__)


class EventGone(DomainError):
    """Raised when somebody else has dealt with it meanwhile."""

    code = "event_gone"
    kind = Kind.NOT_FOUND
    title = "Not here any more"
    message = "{what} {number} isn't here any more."
    remedy = "Look at the list again: somebody has retried or dropped it."


class EventStillFails(DomainError):
    """Raised when a dead letter fails again; it stays, with the new error."""

    code = "event_still_fails"
    kind = Kind.CONFLICT
    title = "It fails again"
    message = "Dead letter {number} fails again: {reason}"
    remedy = "Mend the cause that the error names, then retry, or drop the event if it must not happen."


def retry_dead_letter(*, letter_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Handle a dead letter now.

    Transaction: opens its own, durable ones, since the new error is kept when it fails.

    :raises EventGone: there is no such dead letter.
    :raises EventStillFails: it fails again and stays.
    """
    forbid_transaction("Retrying a dead letter")
    letter = DeadLetter.objects.filter(pk=letter_id).first()
    if letter is None:
        raise EventGone(what="Dead letter", number=letter_id)
    try:
        use_case(_handle_letter, letter, actor_id, now)
    except EventGone:
        raise
    except Exception as error:
        if is_outage(error):
            raise
        logger.exception("Dead letter %s fails again.", letter_id)
        reason = describe(error)
        DeadLetter.objects.filter(pk=letter_id).update(
            attempts=letter.attempts + 1, error=reason, died_at=now
        )
        raise EventStillFails(number=letter_id, reason=reason) from error


def _handle_letter(letter: DeadLetter, actor_id: UUID | None, now: datetime) -> None:
    # Deleting first lets one of two who retry at once have it; a failure brings the row back.
    _take(DeadLetter, letter.pk, "Dead letter")
    # One whose id couldn't be believed is examined from scratch.
    foreign = letter.event_id is None and letter.partition is not None
    event = interpret(group=letter.group, message=letter.message.encode(), foreign=foreign)
    if event is not None and (letter.event_id or claim(group=letter.group, event_id=event.id, now=now)):
        run_handlers(group=letter.group, event=event, now=now)
    audit.record(actor_id=actor_id, action="events.dead_letter_retried", target=letter, now=now)


@transaction.atomic
def drop_dead_letter(*, letter_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Give a dead letter up: it is never handled, not even when it is delivered again.

    :raises EventGone: there is no such dead letter.
    """
    letter = _take(DeadLetter, letter_id, "Dead letter")
    _record_drop("events.dead_letter_dropped", letter, actor_id, now)


def retry_parked_event(*, parked_id: int, now: datetime) -> None:
    """
    Let a parked event be tried at the next second instead of at its time; those before it still go first.

    :raises EventGone: it isn't parked any more.
    """
    if not ParkedEvent.objects.filter(pk=parked_id).update(next_attempt_at=now):
        raise EventGone(what="Parked event", number=parked_id)


@transaction.atomic
def drop_parked_event(*, parked_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Give a parked event up, so that those behind it go on.

    :raises EventGone: it isn't parked any more.
    """
    parked = _take(ParkedEvent, parked_id, "Parked event")
    InboxEvent.objects.bulk_create(
        [InboxEvent(group=parked.group, event_id=parked.event_id, handled_at=now)], ignore_conflicts=True
    )
    _record_drop("events.parked_event_dropped", parked, actor_id, now)


@transaction.atomic
def resend_outbox_event(*, row_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Let the relay try a parked row of the outbox again.

    :raises EventGone: the row isn't parked any more.
    """
    parked = OutboxEvent.objects.filter(pk=row_id, published_at__isnull=True, parked_at__isnull=False)
    if not parked.update(parked_at=None, next_attempt_at=None, attempts=0, error=""):
        raise EventGone(what="Parked row", number=row_id)
    audit.record(
        actor_id=actor_id, action="events.outbox_event_resent", target=OutboxEvent(pk=row_id), now=now
    )


@transaction.atomic
def drop_outbox_event(*, row_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Give up a row that can't be sent, so that later events of its key go out. Nobody ever hears of it.

    :raises EventGone: the row isn't parked any more.
    """
    parked = OutboxEvent.objects.filter(pk=row_id, published_at__isnull=True, parked_at__isnull=False)
    row = parked.select_for_update().first()
    if row is None:
        raise EventGone(what="Parked row", number=row_id)
    parked.delete()
    audit.record(
        actor_id=actor_id,
        action="events.outbox_event_dropped",
        target=OutboxEvent(pk=row_id),
        now=now,
        event_id=str(row.event_id),
        type=row.type,
        key=row.key,
    )


def _take(model: type[F], number: int, what: str) -> F:
    row = model.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise EventGone(what=what, number=number)
    model.objects.filter(pk=number).delete()
    return row


def _record_drop(action: str, failed: DeadLetter | ParkedEvent, actor_id: UUID | None, now: datetime) -> None:
    audit.record(
        actor_id=actor_id,
        action=action,
        target=failed,
        now=now,
        group=failed.group,
        event_id=str(failed.event_id) if failed.event_id else None,
        type=failed.type,
        key=failed.key,
    )
