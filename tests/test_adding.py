"""Rows added in one statement, those that are there already left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, transaction

from notifications.models import EmailMessage
from shop.core.adding import add_missing
from shop.core.ids import new_id
from tests.statements import statements
from users.models import CustomerGroup

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 7, 30, 0, 123456, tzinfo=UTC)
# What JSON or SQL means something by.
TEXT = "a\"b\\c {d} %s it's NULL\nÄ 😀"


def owed(**changes) -> dict:
    key = new_id()
    said = {"id": key, "event_id": new_id(), "template": TEXT, "recipient_kind": "user", "recipient_ref": "7"}
    said |= {"context_ref": {"a": [1, None, True], "b": TEXT}, "order_id": None, "message_id": f"<{key}@x>"}
    return said | {"next_attempt_at": NOW, "created_at": NOW} | changes


def group(code: str) -> dict:
    return {"code": code, "name": f"Name of {code}"}


def test_adds_what_is_missing_and_tells_that():
    CustomerGroup.objects.create(code="b", name="As it was")

    with statements() as seen:
        new = add_missing(CustomerGroup, [group("c"), group("b"), group("a"), group("c")], told="code")

    assert (sorted(new), len(seen)) == (["a", "c"], 1)
    # In the order that they were given.
    assert list(CustomerGroup.objects.order_by("pk").values_list("code", "name")) == [
        ("b", "As it was"),
        ("c", "Name of c"),
        ("a", "Name of a"),
    ]


def test_writes_what_the_orm_would():
    ours = owed(order_id=new_id())
    theirs = owed(order_id=new_id())

    assert add_missing(EmailMessage, [ours]) == []
    EmailMessage.objects.bulk_create([EmailMessage(**theirs)])

    rows: dict[Any, dict[str, Any]] = {row["id"]: dict(row) for row in EmailMessage.objects.values()}
    own = {name for name in theirs if theirs[name] != ours[name]}
    assert {name: rows[ours["id"]][name] for name in ours} == ours
    assert {name: value for name, value in rows[ours["id"]].items() if name not in own} == {
        name: value for name, value in rows[theirs["id"]].items() if name not in own
    }


def test_keeps_apart_what_is_equal_in_python_alone():
    add_missing(EmailMessage, [owed(context_ref={"last": said}) for said in (1, True)])

    kept = [message.context_ref["last"] for message in EmailMessage.objects.order_by("pk")]
    assert [repr(said) for said in kept] == ["1", "True"]


def test_takes_what_all_have_alike():
    rows = [owed(), owed()]
    alike = {name: rows[0][name] for name in ("template", "context_ref", "next_attempt_at", "created_at")}
    differing = [{name: value for name, value in row.items() if name not in alike} for row in rows]

    told = add_missing(EmailMessage, differing, same={**alike, "attempts": 3}, told="id")

    assert {one if isinstance(one, UUID) else UUID(one) for one in told} == {row["id"] for row in rows}
    for row in map(dict, EmailMessage.objects.values()):
        assert (row["attempts"], {name: row[name] for name in alike}) == (3, alike)


def test_refuses_what_breaks_another_rule_and_adds_none():
    with pytest.raises(IntegrityError), transaction.atomic():
        add_missing(EmailMessage, [owed(), owed(recipient_ref="ada@example.com")])

    assert not EmailMessage.objects.exists()


def test_costs_nothing_for_nothing():
    with statements() as seen:
        assert add_missing(CustomerGroup, [], told="code") == []

    assert seen == []


@pytest.mark.needs_postgres
def test_cuts_nothing_off():
    with pytest.raises(DataError), transaction.atomic():
        add_missing(EmailMessage, [owed(), owed(recipient_ref="7" * 65)])

    assert not EmailMessage.objects.exists()
