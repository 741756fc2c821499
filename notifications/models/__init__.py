"""Tables of mail: what is owed, what people want of it, and words of it that staff have written."""

from notifications.models.messages import EmailMessage, EmailMessageQuerySet
from notifications.models.preferences import MailPreference
from notifications.models.templates import MailTemplate

__all__ = ["EmailMessage", "EmailMessageQuerySet", "MailPreference", "MailTemplate"]
