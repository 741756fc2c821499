"""How an event leaves: as a row in the transaction of the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.core.ids import new_id
from shop.core.transactions import require_transaction
from shop.events.event import Event, topic_of
from shop.events.models import OutboxEvent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def publish(event: Event, *, now: datetime) -> None:
    """
    Record an event in the caller's transaction; the relay sends it after the commit.

    :param now: the business time of the change, UTC.
    :raises TransactionRequired: no transaction is open; nothing is written.
    """
    publish_all([event], now=now)


def publish_all(events: Iterable[Event], *, now: datetime) -> None:
    """
    Record several events in the caller's transaction, in one statement; the relay sends them after the commit.

    :param now: the business time of the change, UTC.
    :raises TransactionRequired: no transaction is open; nothing is written.
    """
    require_transaction("publish()")
    OutboxEvent.objects.bulk_create(
        OutboxEvent(
            event_id=new_id(),
            type=event.type,
            topic=topic_of(event.type),
            aggregate_type=event.aggregate_type,
            key=event.aggregate_id,
            version=event.version,
            payload=event.payload(),
            occurred_at=now,
        )
        for event in events
    )
