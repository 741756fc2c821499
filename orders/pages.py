"""A guest's order as a plain page, opened by the link in a mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from orders import selectors
from orders.selectors import Viewer
from orders.shapes import shape
from shop.core.errors import NotFound


class OrderPage(View):
    """One order with its steps; the token in the link, or a session of the admin, opens it."""

    def get(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        viewer = Viewer.of(request.user, request.GET.get("token", ""))
        try:
            order = selectors.order_for(order_id, viewer=viewer)
        except NotFound:
            return self._page(request, {}, status=404)
        shown = shape(order)
        # A template can't reach the key "items": every dict has a method of that name.
        context = {"order": shown, "lines": shown["items"], "track": selectors.track_json(order)}
        return self._page(request, context)

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
        response = render(request, "orders/order.html", context, status=status)
        # The address holds the token: it must not travel to another site.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
