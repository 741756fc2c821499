"""The OpenAPI document: the errors and headers that every call shares."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "example": "/problems/not_found/"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class ShopSchema(AutoSchema):
    """Describe calls; a view names the POSTs that need a key in ``idempotent_actions``."""

    def get_override_parameters(self) -> list[Any]:
        """Return the headers that a call takes."""
        needs_key = getattr(self.view, "action", None) in getattr(self.view, "idempotent_actions", ())
        headers = [("Idempotency-Key", True)] if needs_key else []
        headers += [(name, False) for name in getattr(self.view, "token_headers", ())]
        return [
            OpenApiParameter(name, str, OpenApiParameter.HEADER, required=required)
            for name, required in headers
        ]

    def _get_serializer(self) -> Any:
        # Answers are written by plain functions; where a view names no shape for the document, any object is one.
        if any(
            hasattr(self.view, name)
            for name in ("get_serializer", "get_serializer_class", "serializer_class")
        ):
            return super()._get_serializer()  # type: ignore[no-untyped-call]
        return OpenApiTypes.OBJECT

    def _is_list_view(self, serializer: Any = None) -> bool:
        return getattr(self.view, "action", None) == "list" or super()._is_list_view(serializer)

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        bodies["default"] = {
            "description": "A problem (RFC 9457); its type is a page that says what to do.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        return bodies


def add_problem(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: FBT001
    """Put the problem schema among the components: a drf-spectacular postprocessing hook."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    return result
