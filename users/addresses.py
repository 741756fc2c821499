"""A postal address as a value: what orders copy and mails print."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PostalAddress:
    """Where something goes. ``country`` is ISO 3166-1 alpha-2 in capitals; what isn't known is empty."""

    full_name: str
    company: str = ""
    line1: str
    line2: str = ""
    city: str
    region: str = ""
    postal_code: str = ""
    country: str
    phone: str = ""
