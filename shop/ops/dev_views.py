"""Pages that only development has: where everything is, the mails, the pictures."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe
from django.views.static import serve

from shop.ops import mailbox as mails

_SHOWN = 200


@require_safe
def addresses(request: HttpRequest) -> HttpResponse:
    """Say where everything is that development adds, as addresses that the asking client can use."""
    found: dict[str, Any] = {
        name: request.build_absolute_uri(reverse(view))
        for name, view in (
            ("mailbox", "dev_mailbox"), ("admin", "admin:index"), ("docs", "docs"), ("schema", "schema"),
            ("problems", "problems"), ("ready", "health_ready"),
        )
    }  # fmt: skip
    if settings.STRIPE_FAKE:
        found["stripe_api"] = base = _stripe_api(request)
        found["three_d_secure"] = {
            "method": "POST",
            "url": f"{base}/v1/payment_intents/{{id}}/_3ds",
            "form": "client_secret={client_secret}&result=succeed (or result=fail)",
            "authorization": "Bearer {publishable_key}",
            "page": "next_action.redirect_to_url.url of the intent asks the same in a browser",
        }
    return JsonResponse(found | {"sign_ins": (people := _sign_ins()), "customer": people.get("customer")})


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Show the mails, newest first, as a page or with ``?format=json`` as data."""
    to = request.GET.get("to", "")
    if request.GET.get("format") == "json":
        found = [
            {"to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html, "at": mail.at}
            for mail in mails.newest_first(to=to)
        ]
        return JsonResponse(found, safe=False)
    shown = list(islice(mails.newest_first(to=to), _SHOWN))
    return render(request, "ops/mailbox.html", {"mails": shown, "to": to, "shop_name": settings.SHOP_NAME})


@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail."""
    return render(request, "ops/mail.html", {"mail": _mail(name), "shop_name": settings.SHOP_NAME})


@require_safe
@xframe_options_sameorigin
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Return the HTML part of a mail alone, for the frame that shows it."""
    response = HttpResponse(_mail(name).html)
    # What a mail says is a stranger's text: it may look as it likes and do nothing.
    response.headers["Content-Security-Policy"] = (
        "sandbox allow-popups; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        "frame-ancestors 'self'"
    )
    return response


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve an uploaded file; in production the proxy does."""
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def _mail(name: str) -> mails.Mail:
    found = mails.read(name)
    if found is None:
        raise Http404
    return found


def _stripe_api(request: HttpRequest) -> str:
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return f"http://{host}:{settings.STRIPE_FAKE_PORT}"


def _sign_ins() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((Path(settings.SHOP_DATA) / "demo.json").read_text())
    except FileNotFoundError:
        return {}
    return {name: found[name] for name in ("admin", "customer") if name in found}
