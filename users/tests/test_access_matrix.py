"""Every call of accounts by everybody: what is let in, what is refused, and that a refusal leaves no trace."""

from __future__ import annotations

import pytest

from users import permissions
from users.tests import access
from users.tests.access import CALLERS, DEAD, METHODS, TABLE, Guard, undone

pytestmark = [pytest.mark.once, pytest.mark.django_db]

READS = [endpoint for endpoint in TABLE if endpoint.startswith("GET ")]


@pytest.fixture
def world():
    return access.make_world()


def guards_of(path: str) -> set[Guard]:
    return {line.guard for endpoint, line in TABLE.items() if endpoint.partition(" ")[2] == path}


def test_every_endpoint_has_its_line():
    assert access.endpoints() == sorted(TABLE)


def test_every_guard_and_every_answer_occurs():
    """The table says something: no column of it is empty."""
    assert {line.guard for line in TABLE.values()} == set(Guard)
    statuses = {access.expected(line, caller)[0] for line in TABLE.values() for caller in CALLERS}
    assert statuses >= {200, 201, 202, 204, 400, 401, 403, 404}


@pytest.mark.parametrize("endpoint", TABLE)
def test_access(endpoint, world):
    line, answers = TABLE[endpoint], {}
    for caller, come in CALLERS.items():
        with undone():
            client = come(world, line)
            before = access.rows()
            answer = access.call(client, endpoint, world)
            refused = answer.status_code >= 400
            answers[caller] = (answer.status_code, answer.json()["code"] if refused else "")
            if refused or endpoint in READS:
                assert access.rows() == before, caller
            assert answer.headers.get("WWW-Authenticate") == ("Bearer" if answer.status_code == 401 else None)
            assert "no-store" in answer.headers["Cache-Control"]

    assert answers == {caller: access.expected(line, caller) for caller in CALLERS}


@pytest.mark.parametrize("endpoint", READS)
def test_head_asks_for_as_much_as_get(endpoint, world):
    line, answers = TABLE[endpoint], {}
    for caller, come in CALLERS.items():
        with undone():
            answer = come(world, line).head(access.address(endpoint.partition(" ")[2], world))
            answers[caller] = (answer.status_code, answer.content)

    assert answers == {caller: (access.expected(line, caller)[0], b"") for caller in CALLERS}


@pytest.mark.parametrize("path", access.paths())
def test_options_tell_a_stranger_nothing(path, world):
    for caller in ("anonymous", *DEAD):
        with undone():
            client = CALLERS[caller](world, access.Line(Guard.STAFF))

            answer = client.options(access.address(path, world))

            assert answer.status_code == (200 if guards_of(path) == {Guard.OPEN} else 401), caller
            assert "@example.com" not in answer.content.decode()


@pytest.mark.parametrize("path", access.paths())
def test_no_other_method_does_anything(path, world):
    before = access.rows()
    for method in METHODS:
        if f"{method} {path}" in TABLE:
            continue
        for caller in ("anonymous", "owner", "superuser"):
            with undone():
                client = CALLERS[caller](world, access.Line(Guard.STAFF))
                answer = client.generic(method, access.address(path, world), "{}", "application/json")

            assert answer.status_code == refusal_of_method(guards_of(path), caller), (method, caller)
    assert access.rows() == before


def refusal_of_method(guards: set[Guard], caller: str) -> int:
    if caller == "anonymous" and guards != {Guard.OPEN}:
        return 401
    # An account that one doesn't see has no methods at all.
    return 404 if caller == "owner" and Guard.STAFF_ON_ACCOUNT in guards else 405


def test_control_an_open_door_is_noticed(world, monkeypatch):
    """The matrix can fail: a check of rights that says yes to everybody shows."""
    monkeypatch.setattr(permissions, "may", lambda user, permission: True)
    line = TABLE["GET users/"]

    for caller in ("other customer", "staff without permission"):
        answer = access.call(CALLERS[caller](world, line), "GET users/", world)
        assert (answer.status_code, access.expected(line, caller)[0]) == (200, 403)
