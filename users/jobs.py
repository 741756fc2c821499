"""What accounts forget after a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from shop.core.transactions import use_case
from shop.events.registry import job
from users import services

if TYPE_CHECKING:
    from datetime import datetime

# Long enough to answer "was that me?", which is what an ended session is kept for.
_KEEP_SESSIONS = timedelta(days=30)
_KEEP_RESET_REQUESTS = timedelta(days=1)


@job(every=timedelta(days=1))
def forget_sign_ins(now: datetime) -> None:
    """Delete sessions that ended long ago and yesterday's reset requests."""
    use_case(services.forget_sessions, before=now - _KEEP_SESSIONS)
    use_case(services.forget_reset_requests, before=now - _KEEP_RESET_REQUESTS)
