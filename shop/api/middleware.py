"""What every answer carries: a request id, and headers that keep private answers out of caches."""

from __future__ import annotations

import contextvars
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")

# Nothing loads from elsewhere but the shop's own pictures; inline styles are what the admin theme and the
# documentation pages need.
_CSP = (
    "default-src 'self'; img-src 'self' data: blob:{pictures}; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class RequestIdMiddleware:
    """Give each request an id, or keep the proxy's; the answer, the log and a problem body name it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        name = given if _ACCEPTABLE.fullmatch(given) else uuid4().hex
        token = request_id.set(name)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response.headers["X-Request-Id"] = name
        return response


class HeadersMiddleware:
    """Keep answers out of shared caches unless their view said otherwise, and bound what a page may load."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        store = urlsplit(settings.MEDIA_URL)
        self.policy = _CSP.format(pictures=f" {store.scheme}://{store.netloc}" if store.netloc else "")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", self.policy)
        return response
