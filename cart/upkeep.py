"""Walks over carts that nobody comes back to: batch by batch, so that none of them holds anybody up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from cart import services
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# What one transaction takes at most.
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Expired:
    """How many carts expired, and how many that had ended were deleted."""

    guests: int
    customers: int
    deleted: int


def expire_carts(*, now: datetime) -> Expired:
    """Let carts expire that were left for long, and delete those that ended long ago; doing it again does no harm."""
    guests, customers = now - settings.CART_GUEST_DAYS, now - settings.CART_CUSTOMER_DAYS
    return Expired(
        guests=_all(services.expire_carts, of_guests=True, untouched_since=guests, now=now),
        customers=_all(services.expire_carts, of_guests=False, untouched_since=customers, now=now),
        deleted=_all(services.delete_ended_carts, ended_before=now - settings.CART_KEPT_DAYS),
    )


def announce_abandoned_carts(*, now: datetime) -> int:
    """Announce carts that were left with something in them, each once; return how many."""
    if not settings.CART_ABANDONED_AFTER:
        return 0
    return _all(services.announce_abandoned, untouched_since=now - settings.CART_ABANDONED_AFTER, now=now)


def _all(batch: Callable[..., int], **values: Any) -> int:
    """Run a service until it finds no full batch any more, each time in a transaction of its own; return the sum."""
    total = done = use_case(batch, limit=BATCH, **values)
    while done == BATCH:
        done = use_case(batch, limit=BATCH, **values)
        total += done
    return total
