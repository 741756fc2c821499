"""Naming a device in a mail: in words of ours only, because whoever signs in writes the User-Agent."""

from __future__ import annotations

import ipaddress

# The first that occurs counts: most programs also claim to be those further down.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_of(user_agent: str) -> str:
    """Return the name of a well-known browser, or nothing."""
    return _first(_BROWSERS, user_agent)


def system_of(user_agent: str) -> str:
    """Return the name of a well-known kind of device, or nothing."""
    return _first(_SYSTEMS, user_agent)


def network_of(address: str) -> str:
    """Return a stored network as people know it: ``203.0.113.x``; nothing when it is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 4:
        return f"{address.rpartition('.')[0]}.x"
    return f"{parsed.compressed.removesuffix('::')}::x"


def _first(known: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for mark, name in known if mark in text), "")
