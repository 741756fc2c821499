"""Who carries parcels, and where one can be followed."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django.db.models import Q

from orders.models import Carrier


@dataclass(frozen=True, kw_only=True)
class Carriage:
    """A carrier as staff wrote it, what people call it, and the address to follow the parcel by, or nothing."""

    carrier: str
    name: str
    url: str


def carriage(said: str, *, tracking_number: str) -> Carriage:
    """Return who carries a parcel: a carrier of the shop by code or name in any case, or the words as they are."""
    known = (
        Carrier.objects.filter(Q(code__iexact=said) | Q(name__iexact=said), is_active=True)
        .order_by("position", "pk")
        .first()
    )
    if known is None:
        return Carriage(carrier=said, name=said, url="")
    url = ""
    if known.tracking_pattern and tracking_number:
        # Not str.format: a pattern is typed by staff, and must reach nothing else.
        url = known.tracking_pattern.replace("{number}", quote(tracking_number, safe=""))
    return Carriage(carrier=said, name=known.name, url=url)
