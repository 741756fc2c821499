"""JSON that strangers send: what is read, and what is refused with which words."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from shop.api.json import MAX_DEPTH, dumps, loads_strictly

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b'{"a": 1}', {"a": 1}),
        (b' {"a": [1, 2.5, "x", null, true]} ', {"a": [1, 2.5, "x", None, True]}),
        ('{"name": "Zoë 🌿"}'.encode(), {"name": "Zoë 🌿"}),
        (b'{"a": "\\ud83c\\udf3f"}', {"a": "🌿"}),
        (b'{"a": "back\\\\u0041"}', {"a": "back\\u0041"}),
    ],
)
def test_reads(body, value):
    assert loads_strictly(body) == value


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"a": 1, "a": 2}', "a key stands twice"),
        (b'{"a": {"b": 1, "b": 1}}', "a key stands twice"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'{"a": Infinity}', "Infinity is not a JSON number"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"a": 1e400}', "a number is too large"),
        (b'{"a": ' + b"9" * 31 + b"}", "a number is too long"),
        (b'{"a": "\\u0000"}', "can't be stored"),
        (b'{"\\u0000": 1}', "can't be stored"),
        (b'{"a": "\\ud800"}', "can't be stored"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "nested deeper"),
        (b'{"a": ' + b"[" * 20_000, "nested deeper"),
        (b"{", "Expecting"),
        (b'{"a": 1}x', "Extra data"),
        (b"", "Expecting"),
        (b"{'a': 1}", "Expecting"),
        (b'{"a": 01}', "Expecting"),
    ],
)
def test_refuses(body, words):
    with pytest.raises(ValueError, match=words):
        loads_strictly(body)


def test_refuses_what_is_not_utf8():
    with pytest.raises(UnicodeDecodeError):
        loads_strictly(b'{"a": "\xff"}')


def test_reads_as_deep_as_it_says():
    body = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH

    assert loads_strictly(body)["a"]


def test_writes_times_and_ids_as_the_contract_has_them():
    key = uuid.UUID("018f0000-0000-7000-8000-000000000001")

    written = dumps({"at": datetime(2026, 11, 23, 8, 30, tzinfo=UTC), "id": key, "text": "Zoë"})

    assert (
        written
        == b'{"at":"2026-11-23T08:30:00Z","id":"018f0000-0000-7000-8000-000000000001","text":"Zo\xc3\xab"}'
    )
