"""What must be true of payments before the shop starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error

from payments.logo import why_not


def logo_can_be_shown(**_options: Any) -> list[Error]:
    """Report a logo that no document could show."""
    reason = why_not(settings.SHOP_LOGO) if settings.SHOP_LOGO else None
    return [Error(f"SHOP_LOGO can't be used: {reason}.", id="payments.E001")] if reason else []
