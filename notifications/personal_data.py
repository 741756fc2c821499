"""What the log of mail holds on a person: for their export, and to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifications import services
from notifications.models import MailPreference
from notifications.selectors import messages_about, messages_to
from notifications.services import preferences
from users import ports
from users.ports import Holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID


class NotificationsPersonalData(ports.PersonalData):
    """The part of notifications in export and erasure."""

    def preview(self, *, user_id: UUID) -> Sequence[Holding]:
        """Return how many messages are on record; they stay, without the address."""
        said = MailPreference.objects.filter(user=user_id).count()
        reason = "That a message was sent stays on record; what was kept of the address goes."
        return [
            Holding(name="messages", count=messages_about(user_id).count(), kept=True, reason=reason),
            Holding(
                name="mail_preferences",
                count=said,
                kept=False,
                reason="There is nobody to write to any more.",
            ),
        ]

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """Return which messages went to the person and when, and which they want."""
        return {
            "mail_preferences": [
                {"kind": one.kind, "wanted": one.wanted, "changed_at": one.changed_at}
                for one in MailPreference.objects.filter(user=user_id).order_by("kind")
            ],
            "messages": [
                {
                    "template": message.template,
                    "state": message.state,
                    "order": message.order_id,
                    "language": message.language,
                    "sent_to": message.sent_to,
                    "sent_at": message.sent_at,
                    "created_at": message.created_at,
                }
                for message in messages_to(user_id).order_by("id")
            ],
        }

    def erase(self, *, user_id: UUID, actor_id: UUID, now: datetime) -> None:
        """Give up what isn't sent, forget what was kept of the address, and what they said of mail."""
        preferences.forget(user_id=user_id)
        services.forget_person(user_id=user_id)


ports.personal_data.register("notifications", NotificationsPersonalData())
