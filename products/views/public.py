"""Who may do what with the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import OpenApiParameter
from rest_framework import viewsets
from rest_framework.permissions import AllowAny

from shop.api.caching import PublicCacheMixin
from shop.api.permissions import StaffWith
from shop.core.languages import preferred

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response

SLUG = r"[-a-zA-Z0-9_]+"
LANGUAGE = OpenApiParameter(
    "Accept-Language",
    str,
    OpenApiParameter.HEADER,
    description="What the answer shall be in; `Content-Language` says what it is in.",
)


def customer_id(request: Request) -> UUID:
    """Return who sends a request that a permission has let through as signed in."""
    return cast("UUID", request.user.pk)


class ReadersLanguage:
    """
    Answers reads in the language that ``Accept-Language`` asks for, of those that the catalogue is written in.

    An answer that ``language()`` was asked for says it in ``Content-Language``.
    """

    request: Any
    _language = ""

    def language(self) -> str:
        """Return the language of this answer."""
        asked = self.request.headers.get("Accept-Language", "")
        self._language = preferred(asked, settings.CATALOGUE_LANGUAGES)
        return self._language

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Name the language."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        if self._language and response.status_code in (200, 304):
            response.headers["Content-Language"] = self._language
            patch_vary_headers(response, ["Accept-Language"])
        return response


class PublicReads(PublicCacheMixin, viewsets.ViewSet):
    """Everybody reads, and nobody's bearer is looked at; staff write, and see what is hidden with ``?preview=1``."""

    public_actions: tuple[str, ...] = ("list", "retrieve")

    def get_authenticators(self) -> list[Any]:
        # Called before REST framework wraps the request and names the action, with the plain one in self.request.
        return [] if self._is_public() else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self._is_public() else [StaffWith()]

    def _is_public(self) -> bool:
        if getattr(self, "request", None) is None:
            # The schema is drawn without a request, and shows what each action asks for.
            return getattr(self, "action", None) in self.public_actions
        reads = self.request.method in ("GET", "HEAD", "OPTIONS") and "preview" not in self.request.GET
        return reads and self.action_map.get("get") in self.public_actions
