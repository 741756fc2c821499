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
# The notice of a change is tried for a day, and has nowhere to go without the row.
_KEEP_EMAIL_CHANGES = timedelta(days=2)


@job(every=timedelta(days=1))
def forget_sign_ins(now: datetime) -> None:
    """Delete sessions that ended long ago, yesterday's reset requests, and changes of address that are over."""
    use_case(services.forget_sessions, before=now - _KEEP_SESSIONS)
    use_case(services.forget_reset_requests, before=now - _KEEP_RESET_REQUESTS)
    use_case(services.forget_email_changes, before=now - _KEEP_EMAIL_CHANGES)
