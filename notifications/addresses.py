"""What may be kept of an e-mail address."""

from __future__ import annotations

from django.utils.crypto import salted_hmac


def shortened(address: str) -> str:
    """Return a form that its owner recognises and nobody can write to: ``j…@e….com``."""
    local, _, domain = address.rpartition("@")
    name, dot, ending = domain.rpartition(".")
    shown = f"{name[:1]}…{dot}{ending}" if name else f"{domain[:1]}…"
    return f"{local[:1]}…@{shown}"[:40]


def hashed(address: str) -> str:
    """Return a keyed hash that finds the messages to an address without storing it."""
    return salted_hmac("notifications.addresses", address.strip().lower(), algorithm="sha256").hexdigest()
