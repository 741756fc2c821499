"""The OpenAPI document and the page that shows it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request


class FormatOrAccept(DefaultContentNegotiation):
    """Let ``?format=yaml`` choose for those who can't set a header."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        wanted = format_suffix or request.query_params.get("format")
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, wanted)
        return chosen


class OnlyFormat(BaseContentNegotiation):
    """The one format there is, whatever is asked for."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        only = next(iter(renderers))
        return only, only.media_type


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document, as JSON unless YAML is asked for."""

    # Anyone may read it, and whose bearer it is doesn't matter.
    permission_classes: list[Any] = []
    authentication_classes: list[Any] = []
    content_negotiation_class = FormatOrAccept
    renderer_classes = [OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2]
    _lock = threading.Lock()
    _document: dict[str, Any] | None = None

    def _get_schema_response(self, request: Request) -> Response:
        # It is the same for everybody and takes half a second to build.
        with SchemaView._lock:
            if SchemaView._document is None:
                SchemaView._document = super()._get_schema_response(request).data  # type: ignore[no-untyped-call]
        return Response(SchemaView._document, headers={"Cache-Control": "public, max-age=60"})


class DocsView(SpectacularSwaggerView):
    """Swagger UI from files of our own: nothing is loaded from elsewhere."""

    permission_classes: list[Any] = []
    authentication_classes: list[Any] = []
    content_negotiation_class = OnlyFormat
    url_name = "schema"
