"""Where a customer comes back to from Stripe's page: how the payment stands, and nothing else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.views import View

from orders import selectors as orders
from payments import links, selectors, services
from payments.models import Payment
from payments.wording import PAGE
from shop.core.formats import Writer
from shop.core.money import to_text

_Status = Payment.Status
_SAYS = {
    _Status.SUCCEEDED: "arrived",
    _Status.AUTHORIZED: "authorized",
    _Status.PROCESSING: "processing",
    _Status.CANCELED: "ended",
}


class ReturnPage(View):
    """
    A payment's state in a sentence, for whoever holds the link that Stripe was given.

    It shows the number and the total alone: Stripe knows both. The order's own token never goes there.
    """

    def get(self, request: HttpRequest, payment_id: UUID) -> HttpResponse:
        if not links.opens_page(request.GET.get("key", ""), payment_id):
            words = PAGE.get(translation.get_language_from_request(request), PAGE["en"])
            return _page(request, {"words": words, "title": words["unknown"]}, status=404)
        services.refresh_payment(payment_id=payment_id, now=timezone.now())
        payment = selectors.payment_by_id(payment_id)
        order = orders.payable(payment.order_id)
        language = order.language if order.language in PAGE else "en"
        words = PAGE[language]
        amount = Writer(language).amount(to_text(payment.amount, payment.currency), payment.currency)
        said = words[_SAYS.get(_Status(payment.status), "waiting")]
        title = f"{words['order']} {order.number}"
        return _page(
            request,
            {"words": words, "title": title, "says": said, "amount": amount},
        )


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, "payments/return.html", context, status=status)
    response.headers["Content-Language"] = context["words"]["language"]
    patch_vary_headers(response, ["Accept-Language"])
    # The address holds the key: it must not travel to another site.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
