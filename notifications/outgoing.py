"""A letter as the mail that goes out: its words, its headers, its attachments."""

from __future__ import annotations

from email.header import Header
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import mail

from notifications import rendering

if TYPE_CHECKING:
    from django.core.mail.backends.base import BaseEmailBackend

    from notifications.letter import Letter
    from notifications.models import EmailMessage
    from notifications.sandbox import Words


class _Mail(mail.EmailMultiAlternatives):
    def message(self, **options: Any) -> Any:
        message = super().message(**options)
        subject = str(self.subject)
        if not subject.isascii():
            # Django encodes it without the header's name, so a long one doesn't fit beside that and leaves its line
            # empty: readers show it with a space in front, filters take it for missing.
            message.replace_header("Subject", Header(subject, "utf-8", header_name="Subject").encode())
        return message


def mail_of(
    message: EmailMessage, letter: Letter, words: Words | None, connection: BaseEmailBackend
) -> mail.EmailMultiAlternatives:
    """
    Return a letter written and addressed, to be sent over a connection.

    :param words: what staff have written in place of the shop's own.
    """
    written = rendering.render(
        template=letter.template or message.template,
        language=letter.language,
        context=letter.context,
        words=words,
    )
    outgoing = _Mail(
        subject=written.subject,
        body=written.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.address],
        reply_to=[settings.CONTACT_EMAIL] if settings.CONTACT_EMAIL else None,
        connection=connection,
        headers={
            "Message-ID": message.message_id,
            # Keeps holiday notices away (RFC 3834).
            "Auto-Submitted": "auto-generated",
            "Content-Language": letter.language,
            **_unsubscribing(letter),
        },
    )
    outgoing.attach_alternative(written.html, "text/html")
    for attachment in letter.attachments:
        outgoing.attach(attachment.name, attachment.content, attachment.mimetype)
    return outgoing


def _unsubscribing(letter: Letter) -> dict[str, str]:
    """Return the headers that give mail programs a button of their own (RFC 8058)."""
    if not letter.unsubscribe_url:
        return {}
    return {
        "List-Unsubscribe": f"<{letter.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
