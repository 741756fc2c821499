"""What must be true of mail before the shop starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import mail
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured


def provider_is_complete(**_options: Any) -> list[Error]:
    """Report a mail provider that lacks a setting: senders would find out one mail after the other."""
    if not settings.EMAIL_BACKEND.startswith("anymail."):
        return []
    try:
        mail.get_connection()
    except ImproperlyConfigured as error:
        return [Error(f"EMAIL_URL: {error}", id="notifications.E001")]
    return []
