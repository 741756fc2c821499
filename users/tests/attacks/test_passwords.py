"""Passwords that are none, and addresses that only look like somebody's."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.utils import timezone

from shop.events.models import OutboxEvent
from users import selectors
from users.models import User
from users.tests.access import rows
from users.tests.clients import anonymous, client_of
from users.tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]

AUTH = "/api/v1/auth/"
ADA = "ada@example.com"
LONGEST = "correct horse " * 9 + "ab"


def register(password: Any) -> Any:
    return anonymous().post(
        f"{AUTH}register/",
        {"email": ADA, "password": password, "first_name": "Augusta", "last_name": "Lovelace"},
    )


def reset(password: Any) -> Any:
    link = selectors.reset_link_parts(somebody(), now=timezone.now())
    body = {"uid": link.uid, "token": link.token, "new_password": password}
    return anonymous().post(f"{AUTH}password/reset/confirm/", body)


def change(password: Any) -> Any:
    body = {"old_password": PASSWORD, "new_password": password}
    return client_of(somebody()).post(f"{AUTH}password/change/", body)


def somebody() -> User:
    return User.objects.first() or UserFactory(email=ADA, first_name="Augusta", last_name="Lovelace")


DOORS = (register, reset, change)
BAD = {
    "nothing": ("", "blank"),
    "none": (None, "null"),
    "one character": ("x", "password_too_short"),
    "seven": ("kettle7", "password_too_short"),
    "129": (LONGEST + "c", "max_length"),
    "a thousand": ("x" * 1000, "max_length"),
    "the most common": ("password", "password_too_common"),
    "common, shouted": ("QWERTYUIOP", "password_too_common"),
    "common, with a digit": ("password123", "password_too_common"),
    "figures only": ("93748203958", "password_entirely_numeric"),
    "the address": ("ada@example.com", "password_too_similar"),
    "the last name": ("lovelace1", "password_too_similar"),
    "a list": (["violet", "kettle"], "invalid"),
    "a truth": (True, "invalid"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", BAD)
def test_a_bad_password_is_named_and_changes_nothing(door, case):
    password, code = BAD[case]
    if door is not register:
        somebody()
    before = without_sessions()

    answer = door(password)

    assert answer.status_code == 400
    assert code in {error["code"] for error in answer.json()["errors"]}
    assert {error["field"] for error in answer.json()["errors"]} <= {"password", "new_password"}
    assert without_sessions() == before


def without_sessions() -> dict[str, Any]:
    """Return every row but those of sessions: knocking at some doors takes one."""
    return {name: values for name, values in rows().items() if name != "users.Session"}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "password",
    ["kettle 7", "x7 " * 21 + "y", LONGEST, "  two spaces each  ", "雪の降る夜は楽しい", "🌿🫖🏡🪴🌿🫖🏡🪴"],
)
def test_a_good_one_counts_to_its_last_character(door, password):
    """Neither trimmed, nor cut, nor read as something else: what was typed is the password."""
    assert door(password).status_code in (201, 204)

    def log_in(typed: str) -> int:
        return int(anonymous().post(f"{AUTH}login/", {"email": ADA, "password": typed}).status_code)

    assert log_in(password) == 200
    assert [
        log_in(other) for other in (password[:-1], password[1:], f"{password} ", password.upper() + "x")
    ] == [401] * 4


RAW = {
    "a NUL": (b'"violet\\u0000kettle"', 400, "malformed_body"),
    "a raw NUL": (b'"violet\x00kettle"', 400, "malformed_body"),
    "half a letter": (b'"violet\\ud800kettle"', 400, "malformed_body"),
    "the other half": (b'"violet\\udc00kettle"', 400, "malformed_body"),
    "no UTF-8": (b'"violet\xffkettle"', 400, "malformed_body"),
    "ten megabytes": (b'"' + b"x" * 10_000_000 + b'"', 413, "body_too_large"),
    "just too much": (b'"' + b"x" * 1_048_576 + b'"', 413, "body_too_large"),
    "almost a megabyte": (b'"' + b"x" * 1_000_000 + b'"', 400, "validation_failed"),
    "a number of ten thousand figures": (b"9" * 10_000, 400, "malformed_body"),
}


@pytest.mark.parametrize("case", RAW)
@pytest.mark.parametrize("path", ["register", "login", "password/reset/confirm", "password/change"])
def test_what_is_no_text_is_refused_quickly(case, path):
    text, status, code = RAW[case]
    caller = client_of(UserFactory()) if path == "password/change" else anonymous()
    field = b"password" if path in ("register", "login") else b"new_password"
    rest = b'"email": "ada@example.com", "uid": "x", "token": "y", "old_password": "x", '
    before = rows()

    started = time.monotonic()
    answer = caller.post(
        f"{AUTH}{path}/", b"{" + rest + b'"' + field + b'": ' + text + b"}", content_type="application/json"
    )
    took = time.monotonic() - started

    # A field that this call doesn't know is found before its value is looked at.
    assert (answer.status_code, answer.json()["code"]) in {(status, code), (400, "unknown_field")}
    assert took < 2
    assert rows() == before


STORED = "ann.lee@kiwi-shop.example"
# What is asked for, and whether the owner of STORED gets a mail, at the address as it is stored.
ASKED = {
    "as stored": (STORED, True),
    "shouted": (STORED.upper(), True),
    "with space around": (f"  {STORED}\t", True),
    # U+212A, whose small letter is an ordinary k.
    "a Kelvin sign": ("ann.lee@\u212aiwi-shop.example", True),
    # What a mail server reads as the same domain is the same domain.
    "a long s": ("ann.lee@kiwi-\u017fhop.example", True),
    "a wide domain": ("ann.lee@\uff4biwi-shop.example", True),
    "a wide dot": ("ann.lee@kiwi-shop\uff0eexample", True),
    "a wide at": ("ann.lee\uff20kiwi-shop.example", True),
    "an i without its dot": ("ann.lee@k\u0131wi-shop.example", False),
    "a Cyrillic a": ("\u0430nn.lee@kiwi-shop.example", None),
    "a long s in front": ("ann.lee\u017f@kiwi-shop.example", None),
    "wide letters": ("\uff41nn.lee@kiwi-shop.example", None),
    "a Kelvin sign in front": ("ann.lee\u212a@kiwi-shop.example", None),
    "invisible letters": ("ann\u200b.lee@kiwi-shop.example", None),
    "a plus tag": ("ann.lee+eve@kiwi-shop.example", False),
    "without its dot": ("annlee@kiwi-shop.example", False),
    "a subdomain": ("ann.lee@kiwi-shop.example.evil.example", False),
    "a dot at the end": (f"{STORED}.", None),
    "a comment": ("ann.lee(eve)@kiwi-shop.example", None),
    "two, by a comma": (f"{STORED},eve@evil.example", None),
    "two, by a semicolon": (f"{STORED};eve@evil.example", None),
    "two, by a line": (f"{STORED}\neve@evil.example", None),
    "another header": (f"{STORED}\r\nBcc: eve@evil.example", None),
    "in angles": (f"Ann <{STORED}>", None),
    "a list": ([STORED, "eve@evil.example"], None),
    "a pattern": ("%@kiwi-shop.example", False),
}


@pytest.mark.parametrize("case", ASKED)
def test_a_link_goes_to_the_stored_address_or_nowhere(case):
    owner, (asked, mailed) = UserFactory(email=STORED), ASKED[case]

    answer = anonymous().post(f"{AUTH}password/reset/", {"email": asked})

    assert answer.status_code == (400 if mailed is None else 202)
    events = [(event.type, event.payload["user_id"]) for event in OutboxEvent.objects.all()]
    assert events == ([("users.password_reset_requested.v1", str(owner.pk))] if mailed else [])
    # The event names the account; the address is read from it when the mail is sent.
    recipient = selectors.recipient(owner.pk)
    assert recipient is not None
    assert recipient.email == STORED


@pytest.mark.parametrize("case", ["shouted", "with space around", "a Kelvin sign", "a long s"])
def test_no_second_account_at_the_same_mailbox(case):
    owner = UserFactory(email=STORED)

    answer = anonymous().post(
        f"{AUTH}register/", {"email": ASKED[case][0], "password": "violet kettle", "first_name": "Eve"}
    )

    assert answer.status_code == 201
    assert User.objects.get() == owner
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize("email", ["\u212aay@example.com", "\u0131da@example.com", "\u017fam@example.com"])
def test_no_account_that_a_database_could_take_for_another(email):
    """PostgreSQL makes these letters small or plain by its own rules: a stranger's account would stand in the way."""
    answer = anonymous().post(f"{AUTH}register/", {"email": email, "password": "violet kettle"})

    assert answer.status_code == 400
    assert not User.objects.exists()
