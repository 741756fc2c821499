"""A guest's order as a plain page, opened by the link in a mail, in the order's language."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import pgettext_lazy
from django.views import View

from orders import selectors
from orders.models import Order
from orders.selectors import Viewer
from orders.selectors.timeline import steps_of
from orders.shapes import shape
from shop.core import formats
from shop.core.errors import NotFound

_STAGES = {
    "placed": pgettext_lazy("stage", "placed"),
    "processing": pgettext_lazy("stage", "payment is being processed"),
    "preparing": pgettext_lazy("stage", "being prepared"),
    "partly_shipped": pgettext_lazy("stage", "partly sent"),
    "shipped": pgettext_lazy("stage", "sent"),
    "delivered": pgettext_lazy("stage", "delivered"),
    "returned": pgettext_lazy("stage", "returned"),
    "refunded": pgettext_lazy("stage", "refunded"),
    "cancelled": pgettext_lazy("stage", "cancelled"),
    "expired": pgettext_lazy("stage", "expired"),
}


class OrderPage(View):
    """One order with its steps; the token in the link, or a session of the admin, opens it."""

    def get(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        viewer = Viewer.of(request.user, request.GET.get("token", ""))
        try:
            order = selectors.order_for(order_id, viewer=viewer)
        except NotFound:
            return self._page(request, {}, translation.get_language_from_request(request), status=404)
        language = order.language if order.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        return self._page(request, _shown(order, language), language)

    def _page(
        self, request: HttpRequest, context: dict[str, Any], language: str, status: int = 200
    ) -> HttpResponse:
        with translation.override(language):
            response = render(request, "orders/order.html", {**context, "language": language}, status=status)
        response.headers["Content-Language"] = language
        patch_vary_headers(response, ["Accept-Language"])
        # The address holds the token: it must not travel to another site.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _shown(row: Order, language: str) -> dict[str, Any]:
    """Return what the template shows, written as people of this language write it."""
    order, track, writer = shape(row), selectors.track_json(row), formats.Writer(language)

    def money(amount: str) -> str:
        return writer.amount(amount, order["currency"])

    expected = track["estimated_delivery"]
    return {
        "order": order,
        "stage": _STAGES.get(track["stage"], track["stage"]),
        "expected": writer.day(_noon(expected)) if expected else "",
        "lines": [
            {
                "what": " · ".join([item["name"], *item["options"].values()]),
                "quantity": writer.number(item["quantity"]),
                "total": money(item["line_total"]),
            }
            for item in order["items"]
        ],
        "shipping": money(order["shipping_total"]),
        "discounts": [
            {"name": formats.one_line(one["name"]), "amount": money(one["amount"])}
            for one in order["discounts"]
            if not formats.is_zero(one["amount"])
        ],
        # Orders of before discounts had names.
        "discount": "" if formats.is_zero(order["discount_total"]) else money(order["discount_total"]),
        "tax": "" if formats.is_zero(order["tax_added"]) else money(order["tax_added"]),
        "total": money(order["total"]),
        "refunded": "" if formats.is_zero(order["refunded_total"]) else money(order["refunded_total"]),
        "parcels": [_parcel(parcel, writer) for parcel in order["shipments"]],
        "events": [{"message": step.message, "at": writer.instant(step.at)} for step in steps_of(row)],
    }


def _parcel(parcel: dict[str, Any], writer: formats.Writer) -> dict[str, Any]:
    return {
        **parcel,
        "sent": writer.instant(parcel["shipped_at"]),
        "arrived": writer.instant(parcel["delivered_at"]) if parcel["delivered_at"] else "",
        "held": [f"{writer.number(item['quantity'])} × {item['name']}" for item in parcel["items"]],
    }


def _noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))
