"""Timed jobs of what belongs to no app of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

from shop.api import idempotency
from shop.events.registry import job


@job(every=timedelta(hours=1))
def forget_idempotency_keys(now: datetime) -> int:
    """Delete stored answers that nobody asks for any more."""
    return idempotency.forget_old_keys(now=now)
