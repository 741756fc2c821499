"""Every failure has one shape, and every code a page that says what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework import exceptions

from shop.api import errors, problems
from shop.core.errors import DomainError, FieldError, Kind, RateLimited, ValidationFailed

pytestmark = pytest.mark.once

CODES = sorted({*DomainError.registry, *problems.FRAMEWORK_PROBLEMS})
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


def handled(exc: Exception):
    return errors.exception_handler(exc, {"view": None})


@pytest.fixture
def refusal_of():
    """Make a refusal of a kind; it leaves the register as it was."""
    made: list[Any] = []

    def make(kind: Kind) -> type[DomainError]:
        texts = {
            "code": f"test_{kind.value}",
            "kind": kind,
            "title": "A test",
            "message": "Only {left} left.",
            "remedy": "Take fewer.",
        }
        made.append(type(f"Test{kind.value}", (DomainError,), texts))
        return made[-1]

    yield make
    for cls in made:
        del DomainError.registry[cls.code]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_refusal_of_each_kind(kind, refusal_of):
    answer = handled(refusal_of(kind)(left=2, retry_after=3))

    assert answer.status_code == STATUS[kind]
    assert answer.data == {
        "type": f"/problems/test_{kind.value}/",
        "title": "A test",
        "status": STATUS[kind],
        "detail": "Only 2 left.",
        "code": f"test_{kind.value}",
        "request_id": "-",
        "left": 2,
    }
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Retry-After"] == "3"
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if kind is Kind.UNAUTHENTICATED else None)


@pytest.mark.parametrize(
    ("exc", "status", "code"),
    [
        (Http404("User matching query does not exist"), 404, "not_found"),
        (exceptions.NotFound(), 404, "not_found"),
        (DjangoPermissionDenied(), 403, "permission_denied"),
        (exceptions.PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "token_invalid"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (exceptions.ParseError(), 400, "malformed_body"),
        (SuspiciousOperation(), 400, "malformed_body"),
        (exceptions.Throttled(wait=7), 429, "rate_limited"),
        (OperationalError("connection refused at 10.0.0.7"), 503, "unavailable"),
        (InterfaceError("cursor already closed"), 503, "unavailable"),
        (problems.PreconditionFailed(), 412, "precondition_failed"),
        (RateLimited(retry_after=9), 429, "rate_limited"),
        (ZeroDivisionError("secret"), 500, "internal_error"),
    ],
)
def test_what_others_raise(exc, status, code):
    answer = handled(exc)

    assert (answer.status_code, answer.data["status"], answer.data["code"]) == (status, status, code)
    assert set(answer.data) - {"reason"} == {"type", "title", "status", "detail", "code", "request_id"}
    # Nothing of the exception's own text, which may name tables and machines.
    assert not any(word in json.dumps(answer.data) for word in ("query", "10.0.0.7", "secret", "cursor"))


def test_fields_are_named_by_their_path():
    nested: Any = {"lines": [{}, {"quantity": ["Too small."]}], "non_field_errors": ["Not both."]}

    answer = handled(exceptions.ValidationError(nested))

    assert answer.data["errors"] == [
        {"field": "lines.1.quantity", "code": "invalid", "detail": "Too small."},
        {"field": "body", "code": "invalid", "detail": "Not both."},
    ]


def test_our_own_field_errors_have_the_same_shape():
    answer = handled(ValidationFailed(FieldError("country", "does_not_exist", "This does not exist.")))

    assert answer.status_code == 400
    assert answer.data["errors"] == [
        {"field": "country", "code": "does_not_exist", "detail": "This does not exist."}
    ]


def test_codes_are_unique():
    with pytest.raises(TypeError, match="share the code 'not_found'"):
        type("Another", (DomainError,), {"code": "not_found"})


@pytest.mark.parametrize("handler", [errors.bad_request, errors.not_found, errors.permission_denied])
def test_djangos_own_refusals_have_the_shape_too(handler):
    answer = handler(RequestFactory().get("/"), Exception("inside"))

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(json.loads(answer.content)) == {"type", "title", "status", "detail", "code", "request_id"}


@pytest.mark.django_db
class TestPages:
    @pytest.mark.parametrize("code", CODES)
    def test_every_code_has_one(self, code, client: Client):
        page = client.get(f"/problems/{code}/", headers={"accept": "text/html"})
        data = client.get(f"/problems/{code}/", headers={"accept": "application/json"}).json()

        assert page.status_code == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert data["title"]
        assert data["detail"]
        assert data["remedy"]
        assert data["status"] == data["example"]["status"] == errors.status_of(code)
        assert data["example"]["code"] == data["code"] == code
        assert "{" not in data["detail"]

    def test_the_list_names_them_all(self, client: Client):
        data = client.get(reverse("problems"), headers={"accept": "application/json"}).json()

        assert [problem["code"] for problem in data["problems"]] == CODES

    def test_an_unknown_code_is_a_problem_itself(self, client: Client):
        answer = client.get("/problems/no_such_code/")

        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    def test_an_address_without_its_slash_is_not_found(self, client: Client):
        answer = client.get("/api/v1/products")

        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/not_found/"
