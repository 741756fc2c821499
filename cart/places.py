"""Where a cart goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a cart goes: what tax and shipping depend on. An empty country isn't known yet."""

    country: str = ""
    region: str = ""
    postal_code: str = ""
