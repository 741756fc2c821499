"""Health and numbers."""

from __future__ import annotations

import ipaddress
import secrets

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from shop.api.limits import client_address
from shop.ops import health
from shop.ops import metrics as numbers


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process does; touches nothing else, so a slow database restarts nobody."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether this process may get traffic: 200 or 503, with what was looked at."""
    found = health.report()
    checks = {name: {"ok": check.ok, "detail": check.detail} for name, check in found.checks.items()}
    status = {"status": "ready" if found.ready else "not_ready", "checks": checks}
    return JsonResponse(status, status=200 if found.ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the numbers; in production to the machine itself or to who has ``METRICS_TOKEN``."""
    if settings.PRODUCTION and not (_has_token(request) or _is_local(request)):
        raise PermissionDenied
    return HttpResponse(numbers.exposition(), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token: str = settings.METRICS_TOKEN
    return bool(token) and secrets.compare_digest(given.encode(), token.encode())


def _is_local(request: HttpRequest) -> bool:
    # Behind a proxy on the same machine every client would look local: a forwarded request never is.
    if "X-Forwarded-For" in request.headers and not settings.TRUSTED_PROXIES:
        return False
    try:
        return ipaddress.ip_address(client_address(request)).is_loopback
    except ValueError:
        return False
