"""What happens to events that failed: tried again in order, given up on, retried or dropped by staff."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

from shop.core.transactions import use_case
from shop.events.consumer import claim, run_handlers
from shop.events.failures import MOST_TRIES, RETRY_AFTER, describe, is_outage
from shop.events.interpreting import Refused, interpret
from shop.events.models import DeadLetter, FailedEvent, ParkedEvent

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

# A long queue must not keep the others waiting: so many of a key, then the next key.
_AT_ONCE = 50
_PASSES = 20
_KEYS_A_PASS = 500


def retry_parked(*, now: datetime) -> int:
    """
    Try the due parked events again, in order per group and key; return how many were tried.

    One that succeeds makes way for those behind it. One that fails for the last time becomes a dead letter and
    makes way too. Several workers may do this at once.

    Transaction: one an event.

    :raises OperationalError: the database is away; nothing is counted as a try.
    """
    tried = 0
    for _ in range(_PASSES):
        moved = sum(_drain(group, key, now) for group, key in _due(now))
        if not moved:
            break
        tried += moved
    return tried


def _due(now: datetime) -> list[tuple[str, str]]:
    before = ParkedEvent.objects.filter(group=OuterRef("group"), key=OuterRef("key"), pk__lt=OuterRef("pk"))
    heads = ParkedEvent.objects.filter(~Exists(before), next_attempt_at__lte=now)
    return list(heads.order_by("next_attempt_at", "pk").values_list("group", "key")[:_KEYS_A_PASS])


def _drain(group: str, key: str, now: datetime) -> int:
    tried = 0
    while tried < _AT_ONCE and _try_head(group, key, now):
        tried += 1
    return tried


def _try_head(group: str, key: str, now: datetime) -> bool:
    """Try the first parked event of a key; tell whether there was one to try."""
    head = ParkedEvent.objects.filter(group=group, key=key).order_by("pk").first()
    if head is None or head.next_attempt_at > now:
        return False
    try:
        return use_case(_handle_head, head, now)
    except Exception as error:
        # Counted against this event alone, so that the other keys go on.
        if is_outage(error):
            raise
        logger.exception(
            "%s: %s %s failed again, try %s.", group, head.type, head.event_id, head.attempts + 1
        )
        use_case(_count_failure, head, error, now)
        return True


def _handle_head(head: ParkedEvent, now: datetime) -> bool:
    # Whoever has the row locked is trying it. SQLite's transactions exclude each other, so there the row is simply
    # gone or still as it was read.
    unchanged = ParkedEvent.objects.filter(pk=head.pk, attempts=head.attempts)
    if not unchanged.select_for_update(skip_locked=True).first():
        return False
    # Not checked against the outbox again: that was done before it was parked.
    event = interpret(group=head.group, message=head.message.encode(), foreign=False)
    if event is not None and claim(group=head.group, event_id=head.event_id, now=now):
        run_handlers(group=head.group, event=event, now=now)
    unchanged.delete()
    return True


def _count_failure(head: ParkedEvent, error: Exception, now: datetime) -> None:
    attempts = head.attempts + 1
    unchanged = ParkedEvent.objects.filter(pk=head.pk, attempts=head.attempts)
    # What can never be handled (the code has changed meanwhile) needs no further try.
    if attempts < MOST_TRIES and not isinstance(error, Refused):
        unchanged.update(
            attempts=attempts, error=describe(error), next_attempt_at=now + RETRY_AFTER[attempts - 1]
        )
        return
    if not unchanged.delete()[0]:
        return
    if not claim(group=head.group, event_id=head.event_id, now=now):
        return
    letter = DeadLetter(died_at=now, **_copied(head))
    letter.attempts, letter.error = attempts, describe(error)
    letter.save(force_insert=True)


def _copied(failed: FailedEvent) -> dict[str, Any]:
    return {field.name: getattr(failed, field.name) for field in FailedEvent._meta.local_fields}
