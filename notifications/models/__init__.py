"""Tables of mail: what is owed, and what people want of it."""

from notifications.models.messages import EmailMessage, EmailMessageQuerySet
from notifications.models.preferences import MailPreference

__all__ = ["EmailMessage", "EmailMessageQuerySet", "MailPreference"]
