"""What carts do again and again. Each may run twice at once without harm."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cart import upkeep
from shop.events.registry import job

if TYPE_CHECKING:
    from datetime import datetime


@job(every=timedelta(hours=1))
def expire_carts(now: datetime) -> None:
    """Let carts expire that were left for long, and delete those that ended long ago."""
    upkeep.expire_carts(now=now)


@job(every=timedelta(minutes=5))
def announce_abandoned_carts(now: datetime) -> int:
    """Announce carts that were left with something in them."""
    return upkeep.announce_abandoned_carts(now=now)
