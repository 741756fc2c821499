"""What travels: CloudEvents 1.0 in JSON, structured mode."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shop.events.event import split_type

SOURCE = "/shop"
CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
_MAX_TYPE = 100
_MAX_KEY = 64
# CloudEvents integers are of 32 bits.
_MAX_INTEGER = 2**31 - 1
_UUID = re.compile("-".join(f"[0-9a-f]{{{length}}}" for length in (8, 4, 4, 4, 12)))


class InvalidEnvelope(ValueError):
    """Raised when a message is no event of this shop."""


class Unsendable(ValueError):
    """Raised when an event can't be written as a message, now or ever."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """An event as it travels: ``key`` is the aggregate's id, ``version`` the version that the change made."""

    id: UUID
    type: str
    key: str
    version: int
    time: datetime
    data: dict[str, Any]


def encode(envelope: Envelope) -> bytes:
    """
    Return the message.

    :raises Unsendable: the data isn't JSON.
    """
    message = {
        "specversion": "1.0",
        "id": str(envelope.id),
        "source": SOURCE,
        "type": envelope.type,
        "subject": envelope.key,
        "time": envelope.time.isoformat(),
        "datacontenttype": "application/json",
        "aggregateversion": envelope.version,
        "data": envelope.data,
    }
    try:
        said = orjson.dumps(message)
        if b"null" in said:
            # It writes so what is no number, too.
            json.dumps(envelope.data, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Unsendable(f"{envelope.type} can't be written as JSON: {error}") from error
    return said


def decode(message: bytes) -> Envelope:
    """
    Return the event that a message carries; attributes it doesn't know are ignored.

    :raises InvalidEnvelope: the message isn't JSON, or an attribute is missing or wrong.
    """
    try:
        said = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise InvalidEnvelope(f"The message is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise InvalidEnvelope("The message is no JSON object.")
    _expect(said, "specversion", "1.0")
    _expect(said, "source", SOURCE)
    if "datacontenttype" in said:
        _expect(said, "datacontenttype", "application/json")
    if not isinstance(said.get("data"), dict):
        raise InvalidEnvelope("data is no object.")
    return Envelope(
        id=_id(_text(said, "id", 36)),
        type=_type(_text(said, "type", _MAX_TYPE)),
        key=_text(said, "subject", _MAX_KEY),
        version=_version(said.get("aggregateversion")),
        time=_time(_text(said, "time", 64)),
        data=said["data"],
    )


def _expect(said: dict[str, Any], name: str, value: str) -> None:
    if said.get(name) != value:
        raise InvalidEnvelope(f"{name} isn't {value!r}.")


def _text(said: dict[str, Any], name: str, longest: int) -> str:
    value = said.get(name)
    # Printable: a database refuses some of the others, and nobody could read them in a list.
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise InvalidEnvelope(f"{name} is no printable text of 1 to {longest} characters.")
    return value


def _id(value: str) -> UUID:
    if not _UUID.fullmatch(value):
        raise InvalidEnvelope("id isn't written as a UUID is.")
    return UUID(value)


def _type(value: str) -> str:
    if split_type(value) is None:
        raise InvalidEnvelope("type is no <app>.<past tense>.v<n>.")
    return value


def _version(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MAX_INTEGER:
        raise InvalidEnvelope("aggregateversion is no whole number from 1.")
    return value


def _time(value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidEnvelope("time is no RFC 3339 time.") from error
    if found.tzinfo is None:
        raise InvalidEnvelope("time has no offset.")
    return found
