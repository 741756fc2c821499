"""Where a request came from, shortened to what a person needs to recognise a device by."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_DEVICE_LENGTH = 120
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class Client:
    """Who asks: the whole address, for limits only, and the User-Agent as it was sent."""

    address: str = ""
    user_agent: str = ""

    @property
    def device(self) -> str:
        """The User-Agent in printable ASCII, cut to what is stored."""
        return _UNPRINTABLE.sub("", self.user_agent)[:_DEVICE_LENGTH]

    @property
    def network(self) -> str:
        """The address as it is stored: without its last octet, or its last 80 bits in IPv6."""
        return _network(self.address, v4=24, v6=48)

    @property
    def subject(self) -> str:
        """Who is limited: an address, in IPv6 the /64 that a single client usually has to itself."""
        return _network(self.address, v4=32, v6=64)


def _network(address: str, *, v4: int, v6: int) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    bits = v4 if parsed.version == 4 else v6
    return str(ipaddress.ip_network((parsed, bits), strict=False).network_address)
