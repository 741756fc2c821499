"""The back office as a whole; each app registers its own models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest


def environment_label(request: HttpRequest) -> tuple[str, str]:
    """Return the label that keeps people from taking this for the real shop, and its colour."""
    return "Development", "warning"
