"""Who asks for a cart: the customer who is signed in, or whoever holds a cart token."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request

from cart import selectors
from cart.selectors import CartOwner, Shopper
from shop.core.ids import new_token
from shop.core.languages import preferred

HEADER = "X-Cart-Token"


def owner_of(request: Request) -> CartOwner:
    """Return whose cart the request is about."""
    user_id = request.user.pk if request.user.is_authenticated else None
    return CartOwner.of(user_id=user_id, token=request.headers.get(HEADER, ""))


def shopper_of(request: Request, *, currency: str | None = None) -> tuple[Shopper, str | None]:
    """
    Return who fills a cart, and the new token when the guest has none that is alive.

    :param currency: the one they chose, if any.
    """
    owner, token = owner_of(request), None
    if not selectors.is_alive(owner):
        token = new_token()
        owner = CartOwner.of(user_id=None, token=token)
    shopper = Shopper(
        owner=owner,
        currency=currency or settings.BASE_CURRENCY,
        language=language_of(request),
        currency_chosen=currency is not None,
    )
    return shopper, token


def language_of(request: Request) -> str:
    """Return the language that the shopper reads, of those that the shop or its catalogue speaks."""
    if request.user.is_authenticated:
        return str(request.user.language)
    # Mails may be written in a language that the catalogue isn't, and the other way round.
    spoken = [*settings.CATALOGUE_LANGUAGES, *(code for code, _ in settings.LANGUAGES)]
    return preferred(request.headers.get("Accept-Language", ""), spoken)
