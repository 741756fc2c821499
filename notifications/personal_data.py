"""What the log of mail holds on a person: for their export, and to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifications import services
from notifications.selectors import messages_to
from users import ports
from users.ports import Holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID


class NotificationsPersonalData:
    """The part of notifications in export and erasure."""

    def preview(self, *, user_id: UUID) -> Sequence[Holding]:
        """Return how many messages are on record; they stay, without the address."""
        reason = "That a message was sent stays on record; what was kept of the address goes."
        return [Holding(name="messages", count=messages_to(user_id).count(), kept=True, reason=reason)]

    def blockers(self, *, user_id: UUID) -> Sequence[str]:
        """Return nothing: mail never stands in the way."""
        return ()

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """Return which messages went to the person and when."""
        return {
            "messages": [
                {
                    "template": message.template,
                    "state": message.state,
                    "sent_to": message.sent_to,
                    "sent_at": message.sent_at.isoformat() if message.sent_at else None,
                    "created_at": message.created_at.isoformat(),
                }
                for message in messages_to(user_id).order_by("id")
            ]
        }

    def erase(self, *, user_id: UUID, now: datetime) -> None:
        """Forget what was kept of the address."""
        services.forget_address(user_id=user_id)


ports.personal_data.register("notifications", NotificationsPersonalData())
