"""What the event runtime itself does again and again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from shop.events import parked, relay
from shop.events.models import InboxEvent
from shop.events.registry import job

if TYPE_CHECKING:
    from datetime import datetime

# The outbox row goes first: a redelivery after that is refused for want of it, so the inbox row can go later.
_KEEP_INBOX = relay.KEEP + timedelta(days=7)
_PRUNED_AT_ONCE = 1000


@job(every=timedelta(seconds=1))
def retry_parked(now: datetime) -> int:
    """Try parked events again."""
    return parked.retry_parked(now=now)


@job(every=timedelta(hours=1))
def prune_outbox(now: datetime) -> int:
    """Forget events that every topic has forgotten."""
    return relay.prune_outbox(now=now)


@job(every=timedelta(hours=1))
def prune_inbox(now: datetime) -> int:
    """Forget who handled events that can't come again."""
    deleted = 0
    while True:
        old = InboxEvent.objects.filter(handled_at__lt=now - _KEEP_INBOX).values_list("pk", flat=True)
        count, _ = InboxEvent.objects.filter(pk__in=list(old[:_PRUNED_AT_ONCE])).delete()
        deleted += count
        if count < _PRUNED_AT_ONCE:
            return deleted
