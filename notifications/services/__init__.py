"""Everything that happens to a message: written, claimed, sent, put off, given up, asked for again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Now

from notifications import addresses
from notifications.errors import MessageUnderWay
from notifications.models import EmailMessage
from notifications.selectors import messages_about
from notifications.services.owing import To, enqueue, enqueue_at_most, fresh, gathering, write_gathered
from shop.audit import services as audit
from shop.core.errors import NotFound
from shop.core.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notifications.models import EmailMessageQuerySet

__all__ = [
    "Delivery",
    "To",
    "bury",
    "claim",
    "enqueue",
    "enqueue_at_most",
    "forget_person",
    "gathering",
    "go_on",
    "hand_back",
    "mark_sent",
    "pause",
    "postpone",
    "renew",
    "resend",
    "wait",
]

# Longer than one delivery can take, which is smtp.LONGEST, with the writing before it; renewed before each one.
LEASE = timedelta(minutes=3)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(hours=24)
# What isn't made yet is made by another consumer, which is seldom more than moments behind.
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What is kept of a delivery: ``address`` itself is not."""

    address: str
    language: str
    provider_message_id: str = field(default="")


@transaction.atomic
def resend(*, message_id: UUID, actor_id: UUID | None, now: datetime) -> UUID:
    """
    Write a new message like an earlier one, to wherever its recipient is reached now; return its id.

    :raises NotFound: there is no such message.
    :raises MessageUnderWay: it was neither sent nor given up; nothing is written.
    """
    earlier = EmailMessage.objects.filter(pk=message_id).first()
    if earlier is None:
        raise NotFound
    if earlier.state not in (EmailMessage.State.SENT, EmailMessage.State.DEAD):
        raise MessageUnderWay(state=earlier.state)
    again = EmailMessage.objects.create(
        event_id=new_id(),
        template=earlier.template,
        recipient_kind=earlier.recipient_kind,
        recipient_ref=earlier.recipient_ref,
        order_id=earlier.order_id,
        context_ref=earlier.context_ref,
        resend_of_id=earlier.pk,
        **fresh(now),
    )
    audit.record(
        actor_id=actor_id, action="notifications.resent", target=earlier, now=now, message=str(again.pk)
    )
    return again.pk


@transaction.atomic
def claim(*, holder: str, limit: int, now: datetime) -> list[EmailMessage]:
    """
    Take up to ``limit`` messages for one sender: first what another one left unfinished, then what is due.

    Locks: the rows taken; on PostgreSQL those that another sender is taking are skipped.

    :param holder: a name of this very claim, never used before.
    """
    taken = _take(EmailMessage.objects.abandoned().order_by("lease_until"), holder, limit)
    _take(EmailMessage.objects.due(now).order_by("next_attempt_at", "id"), holder, limit - taken)
    return list(EmailMessage.objects.held_by(holder).order_by("next_attempt_at", "id"))


# Without savepoints, here and below: it is what each mail costs.
@transaction.atomic(savepoint=False)
def renew(*, message_id: UUID, holder: str) -> bool:
    """Begin a delivery with the full time of a lease; False when another sender has the message by now."""
    # The condition is what keeps a sender that was asleep from sending what was taken over.
    return bool(_held(message_id, holder).update(lease_until=_lease_end()))


@transaction.atomic(savepoint=False)
def mark_sent(*, message_id: UUID, holder: str, delivery: Delivery, now: datetime) -> bool:
    """Record a delivery; False when another sender has the message by now."""
    return bool(
        _held(message_id, holder).update(
            state=EmailMessage.State.SENT,
            sent_at=now,
            language=delivery.language,
            sent_to=addresses.shortened(delivery.address),
            sent_to_hash=addresses.hashed(delivery.address),
            provider_message_id=delivery.provider_message_id[:255],
            first_attempt_at=_first_try(now),
            error="",
            **_NO_LEASE,
        )
    )


@transaction.atomic(savepoint=False)
def go_on(
    *, message_id: UUID, following: UUID | None, holder: str, delivery: Delivery, now: datetime
) -> tuple[bool, bool]:
    """
    Record a delivery and begin the next; each is False when another sender has that message by now.

    :param following: the message of this claim that comes next.
    """
    recorded = mark_sent(message_id=message_id, holder=holder, delivery=delivery, now=now)
    return recorded, following is not None and renew(message_id=following, holder=holder)


@transaction.atomic
def postpone(*, message_id: UUID, holder: str, error: str, longest: timedelta, now: datetime) -> bool:
    """
    Put a failed delivery off, twice as long each time, and give it up a day after the first try.

    :param error: what happened, without the address.
    :param longest: the longest pause that makes sense for this kind of failure.
    """
    message = _held(message_id, holder).first()
    if message is None:
        return False
    return _come_back(message, error, pause(attempts=message.attempts, longest=longest), now)


@transaction.atomic
def wait(*, message_id: UUID, holder: str, error: str, now: datetime) -> bool:
    """
    Put off what can't be written yet: for a second, then for about as long as it has waited, at most a minute.

    It doesn't count as a try, so that a failed delivery afterwards is repeated as soon as any other; after a day it is
    given up all the same.

    :param error: what is missing.
    """
    message = _held(message_id, holder).first()
    if message is None:
        return False
    # Not negative, where another sender's clock runs ahead of this one's.
    waited = max(now - (message.first_attempt_at or now), timedelta())
    after = _spread(min(waited + FIRST_WAIT, LONGEST_WAIT))
    return _come_back(message, error, after, now, attempts=F("attempts") - 1)


@transaction.atomic
def bury(*, message_id: UUID, holder: str, error: str, now: datetime) -> bool:
    """
    Give a message up for good.

    :param error: why, without the address; staff read it.
    """
    return bool(
        _held(message_id, holder).update(
            state=EmailMessage.State.DEAD,
            error=error or "No reason given.",
            first_attempt_at=_first_try(now),
            **_NO_LEASE,
        )
    )


@transaction.atomic
def hand_back(*, holder: str, now: datetime) -> int:
    """Return what a claim didn't get to; it doesn't count as a try."""
    return EmailMessage.objects.held_by(holder).update(
        state=EmailMessage.State.RETRY, next_attempt_at=now, attempts=F("attempts") - 1, **_NO_LEASE
    )


@transaction.atomic
def forget_person(*, user_id: UUID) -> None:
    """
    Give up every message to a person that isn't sent, and forget what was kept of their addresses.

    Call it before the account loses its address: by that, messages of earlier guest orders are found. A message that
    a sender has in hand is taken from it, so that it can't write the address down any more.
    Transaction: opens its own.
    """
    write_gathered()
    about = messages_about(user_id)
    about.exclude(state__in=(EmailMessage.State.SENT, EmailMessage.State.DEAD)).update(
        state=EmailMessage.State.DEAD, error="Its recipient was erased.", **_NO_LEASE
    )
    about.update(sent_to="", sent_to_hash="")


def pause(*, attempts: int, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """Return how long to wait after this many tries: doubling, within a fifth of jitter, at most ``longest``."""
    doubled: timedelta = FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 16)
    return _spread(min(doubled, longest))


_NO_LEASE: dict[str, Any] = {"lease_until": None, "lease_holder": ""}


def _held(message_id: UUID, holder: str) -> EmailMessageQuerySet:
    return EmailMessage.objects.held_by(holder).filter(pk=message_id)


def _come_back(
    message: EmailMessage, error: str, after: timedelta, now: datetime, **changes: Combinable
) -> bool:
    began = message.first_attempt_at
    if began is not None and now - began >= GIVE_UP_AFTER:
        reason = f"Given up after a day: {error}"
        return bury(message_id=message.pk, holder=message.lease_holder, error=reason, now=now)
    return bool(
        _held(message.pk, message.lease_holder).update(
            state=EmailMessage.State.RETRY,
            next_attempt_at=now + after,
            first_attempt_at=_first_try(now),
            error=error,
            **changes,
            **_NO_LEASE,
        )
    )


def _first_try(now: datetime) -> Combinable:
    # Written with what came of the try: at claiming, a batch that is handed back or whose sender dies would use up the
    # day of messages that nobody has begun.
    return Coalesce("first_attempt_at", Value(now, output_field=DateTimeField()))


def _spread(pause: timedelta) -> timedelta:
    # Jitter, so that what failed together doesn't come back together.
    return pause * random.uniform(0.8, 1.2)  # noqa: S311


def _lease_end() -> Combinable:
    return ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())


def _take(rows: EmailMessageQuerySet, holder: str, limit: int) -> int:
    if limit <= 0:
        return 0
    candidates = rows
    if connection.features.has_select_for_update_skip_locked:
        candidates = rows.select_for_update(skip_locked=True)
    ids = list(candidates.values_list("pk", flat=True)[:limit])
    # The rows' own condition again: where nothing was locked, a second sender finds them changed and takes none.
    return (
        rows.order_by()
        .filter(pk__in=ids)
        .update(
            state=EmailMessage.State.SENDING,
            lease_until=_lease_end(),
            lease_holder=holder,
            attempts=F("attempts") + 1,
        )
    )
