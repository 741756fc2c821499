"""Timed jobs: the sender of mail."""

from __future__ import annotations

from datetime import datetime, timedelta

from notifications import sender
from shop.events.registry import job


@job(every=timedelta(milliseconds=500))
def send_mail(now: datetime) -> None:
    """Send the mail that is due, for a few seconds at most."""
    sender.send_due(now=now)
