"""A file of orders over HTTP, for the API and the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.utils import timezone

from orders.selectors.exporting import export_lines

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from orders.models import Order


def orders_file(orders: QuerySet[Order], *, now: datetime) -> StreamingHttpResponse:
    """Answer with orders as a file, read and written piece by piece."""
    name = f"orders-{timezone.localdate(now):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    lines = export_lines(orders)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
