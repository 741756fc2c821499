"""Reading messages: for a sender, an order's timeline, and the gauges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Min, Q

from notifications import addresses
from notifications.models import EmailMessage
from orders import selectors as orders
from shop.core.errors import NotFound
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


def message_about(order_id: UUID, message_id: UUID) -> EmailMessage:
    """
    Return a message about an order.

    :raises NotFound: there is none, or it is about another order.
    """
    message = messages_for_order(order_id).filter(pk=message_id).first()
    if message is None:
        raise NotFound
    return message


def messages_to(user_id: UUID) -> EmailMessageQuerySet:
    """
    Return every message to an account, about its orders, and to the address it has now (guest orders, say).

    What went to an address that it was only to be moved to isn't among them: what became of that message would tell
    whether the address has an account.
    """
    to_account = _by_reference(user_id) & ~Q(template="email_change_confirm")
    return EmailMessage.objects.filter(to_account | _by_address(user_id))


def messages_about(user_id: UUID) -> EmailMessageQuerySet:
    """Return what ``messages_to`` does and what went to addresses that the account was only to be moved to."""
    return EmailMessage.objects.filter(_by_reference(user_id) | _by_address(user_id))


def owed_since(since: datetime, *, template: str, recipient_ref: str) -> int:
    """Return how many messages of a kind somebody was owed since a time."""
    return EmailMessage.objects.filter(
        recipient_ref=recipient_ref, template=template, created_at__gt=since
    ).count()


def _by_reference(user_id: UUID) -> Q:
    kinds = (EmailMessage.RecipientKind.USER, EmailMessage.RecipientKind.ADDRESS_ROW)
    placed = [str(order_id) for order_id in orders.order_ids_of(user_id)]
    about_orders = Q(recipient_kind=EmailMessage.RecipientKind.ORDER, recipient_ref__in=placed)
    return Q(recipient_kind__in=kinds, recipient_ref=str(user_id)) | about_orders


def _by_address(user_id: UUID) -> Q:
    account = users.user_by_id(user_id)
    return Q(pk__in=[]) if account is None else Q(sent_to_hash=addresses.hashed(account.email))


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
