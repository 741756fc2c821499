"""Reading messages: for a sender, an order's timeline, and the gauges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Min, Q

from notifications import addresses
from notifications.models import EmailMessage
from users import selectors as users

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notifications.models import EmailMessageQuerySet


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """How much mail waits; ``oldest_at`` is when the longest waiting of it was due."""

    pending: int
    sending: int
    retry: int
    dead: int
    oldest_at: datetime | None


def messages_for_order(order_id: UUID) -> EmailMessageQuerySet:
    """Return every message about an order, oldest first."""
    return EmailMessage.objects.filter(order_id=order_id).order_by("id")


def messages_to(user_id: UUID) -> EmailMessageQuerySet:
    """Return every message to an account, and those that went to the address it has now (guest orders, say)."""
    mine = Q(recipient_kind=EmailMessage.RecipientKind.USER, recipient_ref=str(user_id))
    account = users.user_by_id(user_id)
    if account is not None:
        mine |= Q(sent_to_hash=addresses.hashed(account.email))
    return EmailMessage.objects.filter(mine)


def is_work(*, now: datetime) -> bool:
    """Tell whether a sender would find anything; writes and locks nothing."""
    return EmailMessage.objects.due(now).exists() or EmailMessage.objects.abandoned().exists()


def backlog() -> Backlog:
    """Return how much mail waits and how much was given up."""
    # Sent rows are left out: they are nearly all there are, and the partial indexes hold the rest.
    waiting = EmailMessage.objects.filter(state__in=["pending", "retry"])
    counts = dict(waiting.order_by().values_list("state").annotate(Count("id")))
    return Backlog(
        pending=counts.get("pending", 0),
        retry=counts.get("retry", 0),
        sending=EmailMessage.objects.filter(state="sending").count(),
        dead=EmailMessage.objects.filter(state="dead").count(),
        oldest_at=waiting.aggregate(oldest=Min("next_attempt_at"))["oldest"],
    )
