"""Every failure as one body: the only module that knows which status a refusal becomes."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from shop.api import problems
from shop.api.json import dumps
from shop.api.middleware import request_id
from shop.core.errors import (
    DomainError,
    FieldError,
    Kind,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
    ValidationFailed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.REFUSED: 422,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}


def status_of(code: str) -> int:
    """Return the HTTP status of a problem code."""
    if code == problems.PreconditionFailed.code:
        return 412
    if code in problems.FRAMEWORK_PROBLEMS:
        return problems.FRAMEWORK_PROBLEMS[code][0]
    return STATUS[DomainError.registry[code].kind]


def body_of(code: str, title: str, detail: str, **facts: Any) -> dict[str, Any]:
    """Return an RFC 9457 problem; ``type`` is a page that the shop itself serves."""
    return {
        "type": f"/problems/{code}/",
        "title": title,
        "status": status_of(code),
        "detail": detail,
        "code": code,
        "request_id": request_id.get(),
        **facts,
    }


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Turn every anticipated failure into the one error body; anything else is a bug: a 500 and a log entry."""
    refusal = _as_domain_error(exc)
    if refusal is not None:
        return _refused(refusal)
    if isinstance(exc, exceptions.APIException):
        return _framework(exc, context)
    # The client learns an id and nothing else; the log has the rest.
    logger.error("Unhandled error", exc_info=exc)
    return _response(_internal())


def _as_domain_error(exc: Exception) -> DomainError | None:
    """Return the refusal that an exception of Django, DRF or the database amounts to, if it does."""
    if isinstance(exc, DomainError):
        return exc
    if isinstance(exc, Http404 | exceptions.NotFound):
        # Django's own text names the model.
        return NotFound()
    if isinstance(exc, exceptions.ValidationError):
        return ValidationFailed(*_field_errors(exc.get_full_details()))
    if isinstance(exc, exceptions.PermissionDenied | DjangoPermissionDenied):
        return PermissionDenied()
    if isinstance(exc, exceptions.Throttled):
        return RateLimited(retry_after=math.ceil(getattr(exc, "wait", None) or 1))
    if isinstance(exc, exceptions.ParseError | SuspiciousOperation) and not isinstance(
        exc, RequestDataTooBig
    ):
        return problems.MalformedBody(reason="it isn't what its Content-Type says.")
    if isinstance(exc, OperationalError | InterfaceError):
        logger.error("The database doesn't answer: %s", exc)
        return Unavailable(retry_after=2)
    return None


def _refused(error: DomainError) -> Response:
    facts = dict(error.facts)
    if isinstance(error, ValidationFailed):
        facts["errors"] = [{"field": e.field, "code": e.code, "detail": e.detail} for e in error.errors]
    response = _response(body_of(error.code, error.title, str(error), **facts))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.kind is Kind.UNAUTHENTICATED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _framework(exc: exceptions.APIException, context: Mapping[str, Any]) -> Response:
    codes = {
        exceptions.AuthenticationFailed: "token_invalid",
        exceptions.NotAuthenticated: "not_authenticated",
        exceptions.MethodNotAllowed: "method_not_allowed",
        exceptions.NotAcceptable: "not_acceptable",
        exceptions.UnsupportedMediaType: "unsupported_media_type",
    }
    code = next((code for kind, code in codes.items() if isinstance(exc, kind)), None)
    if code is None:
        code = "body_too_large" if exc.status_code == 413 else "internal_error"
    _, title, remedy = problems.FRAMEWORK_PROBLEMS[code]
    response = _response(body_of(code, title, remedy))
    if code in ("token_invalid", "not_authenticated"):
        response.headers["WWW-Authenticate"] = "Bearer"
    if code == "method_not_allowed" and (view := context.get("view")) is not None:
        response.headers["Allow"] = ", ".join(view.allowed_methods)
    return response


def _field_errors(details: Any, path: str = "") -> Iterator[FieldError]:
    """Walk DRF's nested details and yield one entry a failed field, its path dotted."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield FieldError(path or "body", str(details["code"]), str(details["message"]))
    elif isinstance(details, dict):
        for name, inner in details.items():
            here = "" if name == "non_field_errors" else str(name)
            yield from _field_errors(inner, ".".join(filter(None, (path, here))))
    elif isinstance(details, list):
        for index, inner in enumerate(details):
            is_message = isinstance(inner, dict) and set(inner) == {"message", "code"}
            yield from _field_errors(inner, path if is_message else f"{path}.{index}".lstrip("."))


def _response(body: dict[str, Any]) -> Response:
    return Response(body, status=body["status"], content_type=CONTENT_TYPE)


def _internal() -> dict[str, Any]:
    _, title, remedy = problems.FRAMEWORK_PROBLEMS["internal_error"]
    return body_of("internal_error", title, remedy)


def problem_response(body: dict[str, Any]) -> HttpResponse:
    """Return a problem outside of REST framework, for middleware and Django's own handlers."""
    return HttpResponse(dumps(body), status=body["status"], content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses before a view sees it."""
    error = problems.MalformedBody(reason="the request is not well-formed.")
    return problem_response(body_of(error.code, error.title, str(error)))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that doesn't exist."""
    error = NotFound()
    return problem_response(body_of(error.code, error.title, str(error)))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django's own views refuse."""
    error = PermissionDenied()
    return problem_response(body_of(error.code, error.title, str(error)))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug outside of REST framework; Django has logged it."""
    return problem_response(_internal())
