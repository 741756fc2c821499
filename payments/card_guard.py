"""A card number that a client sends by mistake is refused before anything can read, store or log it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from django.core.exceptions import RequestDataTooBig
from django.urls import reverse

from payments.errors import CardNumberRefused
from shop.api.errors import body_of, problem_response
from shop.core.card_numbers import holds_card_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

# No body of a payment's call is nearly as long; looking through more would only be work for an attacker to cause.
_MOST = 128 * 1024


class CardNumberMiddleware:
    """
    Refuse requests about payments in which a card number stands, in the body or the address.

    Stripe's webhooks are let through: their numbers are Stripe's own, nothing of them is read before the signature
    holds, and ids are all that is kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.guarded, self.exempt = reverse("payments"), reverse("stripe-webhook")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_guarded = request.path.startswith(self.guarded) and request.path != self.exempt
        if is_guarded and holds_card_number(_said(request)):
            error = CardNumberRefused()
            return problem_response(body_of(error.code, error.title, str(error)))
        return self.get_response(request)


def _said(request: HttpRequest) -> str:
    try:
        body = request.body[:_MOST].decode("utf-8", "ignore")
    except RequestDataTooBig:
        # The view refuses it by its size.
        body = ""
    return f"{unquote_plus(request.get_full_path())}\n{body}"
