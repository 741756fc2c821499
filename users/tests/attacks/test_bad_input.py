"""Anything at all, sent to every call of accounts: each answers with a documented problem, and none with a bug."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from shop.api import problems
from shop.core.errors import DomainError
from users import services
from users.tests import access
from users.tests.access import TABLE, undone
from users.tests.attacks.test_mass_assignment import openapi, served

pytestmark = [
    pytest.mark.django_db,
    # It refuses text and numbers that SQLite takes.
    pytest.mark.needs_postgres,
]

CODES = {*DomainError.registry, *problems.FRAMEWORK_PROBLEMS} - {"internal_error", "unavailable"}
READS_A_BODY = [name for name in TABLE if name.partition(" ")[0] in ("POST", "PUT", "PATCH")]
TAKES_AN_ID = [name for name in TABLE if "{" in name]

# Each a whole body, and the only answers it may get.
BODIES: dict[str, tuple[bytes, set[str]]] = {
    "nothing": (b"", set()),
    "an empty object": (b"{}", set()),
    "spaces": (b" \n\t ", set()),
    "a list": (b"[]", {"malformed_body"}),
    "null": (b"null", {"malformed_body"}),
    "a number": (b"7", {"malformed_body"}),
    "a text": (b'"x"', {"malformed_body"}),
    "half": (b'{"email": "a', {"malformed_body"}),
    "two": (b"{}{}", {"malformed_body"}),
    "a BOM": (b"\xef\xbb\xbf{}", {"malformed_body"}),
    "no UTF-8": (b'{"\xff": 1}', {"malformed_body"}),
    "UTF-16": ('{"email": "x"}'.encode("utf-16"), {"malformed_body"}),
    "a NUL": (b'{"email": "\\u0000"}', {"malformed_body"}),
    "half a letter": (b'{"email": "\\ud800"}', {"malformed_body"}),
    "a key twice": (b'{"email": 1, "email": 2}', {"malformed_body"}),
    "no number": (b'{"email": NaN}', {"malformed_body"}),
    "endless": (b'{"email": 1e999}', {"malformed_body"}),
    "many figures": (b'{"email": ' + b"9" * 100_000 + b"}", {"malformed_body"}),
    "deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, {"malformed_body"}),
    "deep lists": (b'{"a":' + b"[" * 100_000, {"malformed_body"}),
    "huge": (b'{"email": "' + b"x" * 2_000_000 + b'"}', {"body_too_large"}),
    "many keys": (json.dumps({f"k{n}": n for n in range(5000)}).encode(), {"unknown_field"}),
    "a key of its own": (b'{"__proto__": {"is_staff": true}}', {"unknown_field"}),
    "an expansion": (b'{"email__startswith": "a"}', {"unknown_field"}),
    "an empty key": (b'{"": 1}', {"unknown_field"}),
}
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**29, "", " ", "x" * 5000, "\u202e\u0007", "🌿", "\u0301", [], [[]], ["x"], {},
    {"$gt": ""}, "' OR 1=1 --", "../../etc/passwd", "{{7*7}}", "%s%n%x", "=cmd|' /C calc'!A0",
    "a\r\nBcc: eve@evil.example",
)  # fmt: skip
IDS = (
    "0", "-1", "1e3", "null", "undefined", "%20", "%00", "%0a", "%ff", "%F0%9F%8C%BF", "x" * 3000, "..%2f..", "*",
    "' OR 1=1 --", "%7B%7D", "00000000-0000-0000-0000-000000000000", "urn:uuid:00000000-0000-7000-8000-000000000000",
    "1" * 40,
)  # fmt: skip
QUERIES = (
    "cursor=x", "cursor=%00", "cursor=" + "A" * 3000, "page_size=0", "page_size=-1", "page_size=1e9", "page_size=x",
    "page_size=%00", "page_size=1&page_size=2", "ordering=password", "ordering=user__password", "q=%00", "q=%ff",
    "q=" + "x" * 200, "q=%25_%25", "password__startswith=a", "user__is_staff=1", "is_staff=%00", "is_active=2",
    "current=x", "dry_run=maybe", "format=xml", "=", "&&", "a[]=1", "a[b]=1", "q[]=", "%ED%A0%80=1",
    "customer_group=%00",
)  # fmt: skip


@pytest.fixture
def world():
    return access.make_world()


def check(answer: Any, what: Any) -> str:
    """Return the code of an answer, empty for a good one, after looking at its form."""
    if answer.status_code < 400:
        return ""
    assert answer.status_code < 500, (what, answer.content)
    assert answer.headers["Content-Type"] == "application/problem+json", what
    problem = answer.json()
    assert set(problem) >= {"type", "title", "status", "detail", "code", "request_id"}, what
    assert problem["code"] in CODES, what
    assert (problem["status"], problem["type"]) == (answer.status_code, f"/problems/{problem['code']}/"), what
    if problem["code"] == "validation_failed":
        assert all(error["field"] and error["code"] and error["detail"] for error in problem["errors"]), what
    inside = ("Traceback", "django", "/users/", "SELECT", "psycopg", "sqlite", "users_user")
    assert not [word for word in inside if word in answer.content.decode()], what
    return str(problem["code"])


@pytest.mark.parametrize("endpoint", READS_A_BODY)
def test_any_body(endpoint, world):
    client = served(world, endpoint)
    method, _, path = endpoint.partition(" ")
    before = access.rows()
    for name, (body, codes) in BODIES.items():
        with undone():
            answer = client.generic(method, access.address(path, world), body, "application/json")
            code = check(answer, name)
            assert code in codes or not codes, (name, code)
            if code:
                assert access.rows() == before


@pytest.mark.parametrize("endpoint", READS_A_BODY)
def test_any_value_in_each_field(endpoint, world):
    client, body = served(world, endpoint), TABLE[endpoint].body
    method, _, path = endpoint.partition(" ")
    known = body(world) if body else {}
    for field in fields_of(endpoint):
        for value in VALUES:
            with undone():
                answer = client.generic(
                    method,
                    access.address(path, world),
                    json.dumps(known | {field: value}),
                    "application/json",
                )
                check(answer, (field, value))


def fields_of(endpoint: str) -> Iterator[str]:
    """Yield the fields that a body may have, from the OpenAPI document."""
    method, _, path = endpoint.partition(" ")
    call = openapi()["paths"][access.ROOT + path.replace("{pk}", "{id}")][method.lower()]
    if "requestBody" in call:
        shape = call["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        yield from openapi()["components"]["schemas"][shape]["properties"]


def test_the_document_names_the_fields():
    """Otherwise the test above would try nothing."""
    assert set(fields_of("POST auth/login/")) == {"email", "password", "otp"}
    assert sum(len(list(fields_of(endpoint))) for endpoint in READS_A_BODY) > 60


@pytest.mark.parametrize("endpoint", TAKES_AN_ID)
def test_any_id(endpoint, world):
    """Each place of an id by itself: what isn't one, and what is the id of something else of somebody else's."""
    client = served(world, endpoint)
    method, _, path = endpoint.partition(" ")
    strange = (*IDS, access.make_address(), access.make_session())
    before = access.rows()
    for place, mine in world.ids.items():
        if place not in path:
            continue
        for name in strange:
            where = access.address(path, world).replace(f"/{mine}/", f"/{name}/", 1)
            answer = client.generic(method, where, "{}", "application/json")
            assert check(answer, (place, name)) in ("not_found", "malformed_body", "validation_failed"), name
    assert access.rows() == before


@pytest.mark.parametrize("endpoint", [name for name in TABLE if name.startswith("GET ")])
def test_any_query(endpoint, world):
    client = served(world, endpoint)
    where = access.address(endpoint.partition(" ")[2], world)
    for query in QUERIES:
        check(client.get(f"{where}?{query}"), query)


@pytest.mark.parametrize("endpoint", TABLE)
def test_any_headers(endpoint, world):
    """What a proxy would pass on and nobody has written."""
    client = served(world, endpoint)
    method, _, path = endpoint.partition(" ")
    for headers in (
        {"Accept": "image/png"},
        {"Accept": "x" * 5000},
        {"Accept": "*/*;q=nan"},
        {"Accept-Language": "\u00e9" * 500},
        {"User-Agent": "\x1b[31m\x7f" * 200},
        {"X-Request-Id": "\x7f" * 300},
        {"X-Cart-Token": "\u00e9\x01" * 300},
        {"X-Forwarded-For": "\u00e9, , x" * 100},
        {"If-Match": '"'},
    ):
        with undone():
            answer = client.generic(
                method, access.address(path, world), "{}", "application/json", headers=headers
            )
            check(answer, headers)


def test_control_a_bug_is_noticed(world, monkeypatch):
    """What slips through as a 500 fails these tests."""

    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(services, "update_profile", broken)
    client = served(world, "PATCH users/me/")
    assert isinstance(client, Client)

    with pytest.raises(AssertionError):
        check(client.patch("/api/v1/users/me/", {"first_name": "x"}), "a bug")
