"""Writing down that a message is owed: alone, or many in one statement."""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from notifications import selectors
from notifications.models import EmailMessage
from shop.core.adding import add_missing
from shop.core.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

# Most people take another card at once, and then there is nothing to tell them.
_TIME_TO_PASS = {"payment_failed": timedelta(minutes=2)}
_A_DAY = timedelta(days=1)

_gathered: ContextVar[list[dict[str, Any]] | None] = ContextVar("gathered", default=None)


@dataclass(frozen=True, kw_only=True)
class To:
    """Who a message is for, by reference."""

    kind: EmailMessage.RecipientKind
    ref: str

    @classmethod
    def user(cls, user_id: UUID) -> To:
        """Name the account whose address is read at sending."""
        return cls(kind=EmailMessage.RecipientKind.USER, ref=str(user_id))

    @classmethod
    def address_row(cls, user_id: UUID) -> To:
        """Name the account that a row with an address belongs to; the message's facts name the row."""
        return cls(kind=EmailMessage.RecipientKind.ADDRESS_ROW, ref=str(user_id))

    @classmethod
    def order(cls, order_id: UUID) -> To:
        """Name the order that carries the address."""
        return cls(kind=EmailMessage.RecipientKind.ORDER, ref=str(order_id))

    @classmethod
    def staff(cls) -> To:
        """Name the people who run the shop, at the address of the settings."""
        return cls(kind=EmailMessage.RecipientKind.STAFF, ref="staff")


@contextlib.contextmanager
def gathering() -> Iterator[None]:
    """Gather what is enqueued inside, and write it in one statement at the end; in the caller's transaction."""
    token = _gathered.set([])
    try:
        yield
        write_gathered()
    finally:
        _gathered.reset(token)


def write_gathered() -> None:
    """Write what was gathered so far, before something reads or changes messages."""
    if gathered := _gathered.get():
        add_missing(EmailMessage, gathered)
        gathered.clear()


def enqueue(
    *,
    event_id: UUID,
    template: str,
    to: To,
    now: datetime,
    order_id: UUID | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    Write down that a message is owed; the same event, template and recipient owe it once.

    :param facts: ids and plain facts of the event, JSON-ready; never personal data or secrets.
    """
    owed = {
        "event_id": event_id,
        "template": template,
        "recipient_kind": to.kind,
        "recipient_ref": to.ref,
        "order_id": order_id,
        "context_ref": facts or {},
        **fresh(now),
        "next_attempt_at": now + _TIME_TO_PASS.get(template, timedelta()),
    }
    gathered = _gathered.get()
    if gathered is None:
        add_missing(EmailMessage, [owed])
    else:
        gathered.append(owed)


@transaction.atomic(savepoint=False)
def enqueue_at_most(most: int, *, template: str, to: To, now: datetime, **owed: Any) -> None:
    """
    Write down that a message is owed unless its recipient was owed ``most`` of its kind within a day.

    Two at once may both see one too few: nothing worse than one message more.

    :param owed: what else ``enqueue`` takes.
    """
    write_gathered()
    if selectors.owed_since(now - _A_DAY, template=template, recipient_ref=to.ref) < most:
        enqueue(template=template, to=to, now=now, **owed)


def fresh(now: datetime) -> dict[str, Any]:
    """Return the columns of a message that nobody has tried to send yet."""
    key = new_id()
    domain = _domain(settings.DEFAULT_FROM_EMAIL)
    return {"id": key, "message_id": f"<{key}@{domain}>", "next_attempt_at": now, "created_at": now}


@functools.cache
def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
