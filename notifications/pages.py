"""
The page that ends mail which isn't about an order: a button for people, one POST for their mail programs (RFC 8058).

It speaks the language of the account that the link names, or else the browser's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from notifications import unsubscribing
from notifications.services import preferences
from shop.api.limits import Limit, client_address, spend
from shop.core.errors import DomainError, NotFound, RateLimited
from shop.core.transactions import use_case
from users import selectors as users
from users import services as accounts

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from notifications.unsubscribing import Subscription

# Wrong tokens only: mail providers use the right ones of many people from one address.
_WRONG = Limit("unsubscribe.wrong", times=60, seconds=3600, fail_closed=False)


# The token in the address is the whole authority here: there is no cookie that a forged request could borrow.
@method_decorator(csrf_exempt, name="dispatch")
class UnsubscribePage(View):
    """Opening it alone does nothing, since mail scanners open links too; posting to it again does no harm."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show the button."""
        try:
            subscription = self._read(request, token)
        except DomainError as error:
            return self._refused(request, error)
        return self._page(request, "ask", subscription)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """End mail of this kind, whatever the body says; 200 also when it was ended before."""
        client = accounts.Client(
            address=client_address(request), user_agent=request.headers.get("User-Agent", "")
        )
        try:
            subscription = self._read(request, token)
            use_case(preferences.end, subscription=subscription, client=client, now=timezone.now())
        except DomainError as error:
            return self._refused(request, error)
        return self._page(request, "done", subscription)

    def _read(self, request: HttpRequest, token: str) -> Subscription:
        try:
            return unsubscribing.read(token)
        except NotFound:
            spend(_WRONG, accounts.Client(address=client_address(request)).subject)
            raise

    def _refused(self, request: HttpRequest, error: DomainError) -> HttpResponse:
        if isinstance(error, NotFound):
            return self._page(request, "unknown", status=404)
        response = self._page(request, "later", status=429 if isinstance(error, RateLimited) else 503)
        response.headers["Retry-After"] = str(error.retry_after or 1)
        return response

    def _page(
        self, request: HttpRequest, state: str, of: Subscription | None = None, status: int = 200
    ) -> HttpResponse:
        language = _language(request, of)
        context: dict[str, Any] = {
            "state": state,
            "shop": settings.SHOP_NAME,
            "language": language,
            "purpose": of.purpose if of else "",
        }
        with translation.override(language):
            response = render(request, "notifications/unsubscribe.html", context, status=status)
        response.headers["Content-Language"] = language
        patch_vary_headers(response, ["Accept-Language"])
        # The address holds the token: it must not travel to another site.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _language(request: HttpRequest, of: Subscription | None) -> str:
    account = users.user_by_id(of.user_id) if of else None
    if account is not None and account.language in dict(settings.LANGUAGES):
        return account.language
    return translation.get_language_from_request(request)
