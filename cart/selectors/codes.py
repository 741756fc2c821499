"""Batches of codes: how far they are used, and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Q, Sum

from cart.models import Coupon
from shop.core.cells import cell, csv_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ONCE = 2000


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A run of codes: how many there are, how many of them are used, and how many can be."""

    name: str
    count: int
    used: int
    active: int


def batches_of(*, promotion_id: int, most: int) -> list[Batch]:
    """Return the newest batches of a promotion, at most so many; one statement."""
    rows = Coupon.objects.filter(promotion=promotion_id).exclude(batch="").values("batch")
    counted = rows.annotate(
        count=Count("pk"), uses=Sum("used"), active=Count("pk", filter=Q(is_active=True)), newest=Max("pk")
    )
    return [
        Batch(name=row["batch"], count=row["count"], used=row["uses"], active=row["active"])
        for row in counted.order_by("-newest")[:most]
    ]


def codes_csv(*, promotion_id: int, batch: str) -> Iterator[str]:
    """Yield the codes of a batch as CSV (RFC 4180), oldest first, some thousand at a time."""
    yield "code,used,active\r\n"
    rows = Coupon.objects.filter(promotion=promotion_id, batch=batch).values_list(
        "pk", "code", "used", "is_active"
    )
    last = 0
    # By key and not by a cursor, which a pooler between here and the database would take away.
    while found := list(rows.filter(pk__gt=last).order_by("pk")[:_AT_ONCE]):
        yield csv_text([cell(value) for value in row[1:]] for row in found)
        last = found[-1][0]
