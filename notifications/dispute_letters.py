"""Letters to staff about disputes: what is to be answered until when, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from notifications import links
from notifications.errors import Undeliverable
from notifications.letter import Letter
from notifications.rendering import supported
from payments import selectors as payments

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notifications.models import EmailMessage


def dispute_opened(message: EmailMessage, now: datetime) -> Letter:
    """Tell staff that a cardholder wants money back, and until when evidence is taken."""
    return _about_dispute(message)


def dispute_closed(message: EmailMessage, now: datetime) -> Letter:
    """Tell staff how a dispute has ended."""
    return _about_dispute(message)


LETTERS: dict[str, Callable[[EmailMessage, datetime], Letter]] = {
    "dispute_opened": dispute_opened,
    "dispute_closed": dispute_closed,
}


def _about_dispute(message: EmailMessage) -> Letter:
    if not settings.STAFF_EMAIL:
        raise Undeliverable("STAFF_EMAIL names nobody to tell.")
    dispute = payments.dispute_for_mail(UUID(message.fact("dispute_id")))
    if dispute is None:
        raise Undeliverable("There is no such dispute.")
    return Letter(
        address=settings.STAFF_EMAIL,
        language=supported(settings.LANGUAGE_CODE),
        context={
            "dispute": dispute,
            "order_number": dispute["order_number"],
            # As the event said: by now the dispute may have gone on, which has a message of its own.
            "won": message.context_ref.get("outcome") == "won",
            "admin_url": links.admin_dispute(dispute_id=dispute["id"]),
        },
    )
