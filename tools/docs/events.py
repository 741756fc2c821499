"""
Writes the catalogue of events out of their dataclasses: ``python -m tools.docs.events`` makes ``docs/asyncapi.json``.

It refuses to write a catalogue that would break whoever reads the published one; ``--unread`` is for what nobody can
have read yet, such as an event of an unmerged branch. ``--check`` writes nothing and fails when the file says
something else.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from shop.events.envelope import CONTENT_TYPE, SOURCE
from shop.events.event import Event, topic_of
from tools.docs.breaking import broken
from tools.docs.event_schemas import example_id, example_of, said, schema_of

TARGET = Path(__file__).resolve().parents[2] / "docs" / "asyncapi.json"
APPS = ("users", "products", "cart", "orders", "payments")

def catalogue() -> dict[str, type[Event]]:
    """Return every event that an app announces, by its type."""
    for app in APPS:
        importlib.import_module(f"{app}.events")
    announced = {name: event for name, event in Event.registry.items() if event.__module__.endswith(".events")}
    return dict(sorted(announced.items()))


def message_of(event: type[Event]) -> dict[str, Any]:
    """Return the example of a whole message: CloudEvents 1.0 around the data."""
    data = example_of(event)
    return {
        "specversion": "1.0",
        "id": example_id(event.type),
        "source": SOURCE,
        "type": event.type,
        "subject": str(data[event.key]),
        "time": "2026-11-23T15:04:05+00:00",
        "datacontenttype": "application/json",
        "aggregateversion": data["version"],
        "data": data,
    }


def document() -> dict[str, Any]:
    """Return the catalogue as AsyncAPI 3."""
    events = catalogue()
    topics = sorted({topic_of(name) for name in events})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events of the shop",
            "version": "1.0.0",
            "description": (
                "Facts of the past, each in the outbox if and only if the change is. CloudEvents 1.0 as JSON in "
                "structured mode; the record's key is the subject: the id of what it happened to. At least once, in "
                "order per key: readers remember the id, and ignore fields and types they don't know. Ids and facts "
                "only, never personal data. Money is whole minor units. Made by `python -m tools.docs.events`."
            ),
        },
        "defaultContentType": CONTENT_TYPE.partition(";")[0],
        "channels": {topic: _channel(topic, events) for topic in topics},
        "operations": {
            f"announce.{topic}": {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}
            for topic in topics
        },
        "components": {
            "messages": {name: _message(name, event) for name, event in events.items()},
            "schemas": {"envelope": _ENVELOPE}
            | {name: schema_of(event) for name, event in events.items()},
        },
    }


def text() -> str:
    """Return the catalogue as the file has it."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def published() -> dict[str, Any]:
    """Return the catalogue that readers have."""
    found: dict[str, Any] = json.loads(TARGET.read_text()) if TARGET.exists() else {}
    return found


def main() -> int:
    """Write the catalogue, or only compare it."""
    wrong = [] if "--unread" in sys.argv[1:] else broken(published(), document())
    if wrong:
        print(*wrong, sep="\n")
        return 1
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text())
        return 0
    if TARGET.exists() and TARGET.read_text() == text():
        return 0
    print(f"{TARGET.name} isn't what the code says: run python -m tools.docs.events.")
    return 1


def _channel(topic: str, events: dict[str, type[Event]]) -> dict[str, Any]:
    names = [name for name in events if topic_of(name) == topic]
    return {
        "address": topic,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _message(name: str, event: type[Event]) -> dict[str, Any]:
    data = {"$ref": f"#/components/schemas/{name}"}
    return {
        "name": name,
        "title": event.__name__,
        "summary": said(event).partition("\n")[0],
        "contentType": CONTENT_TYPE,
        "bindings": {"kafka": {"key": {"type": "string", "description": f"The event's {event.key}."}}},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {"type": "object", "properties": {"type": {"const": name}, "data": data}},
            ]
        },
        "examples": [{"name": "example", "payload": message_of(event)}],
    }


_ENVELOPE: dict[str, Any] = {
    "title": "CloudEvents 1.0",
    "type": "object",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "source": {"const": SOURCE},
        "type": {"type": "string"},
        "subject": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "aggregateversion": {"type": "integer", "minimum": 1},
        "data": {"type": "object"},
    },
    "required": ["specversion", "id", "source", "type", "subject", "time", "aggregateversion", "data"],
}


if __name__ == "__main__":
    sys.exit(main())
