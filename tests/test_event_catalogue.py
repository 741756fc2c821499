"""The catalogue of events: current, never breaking, and without a person in it."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import jsonschema
import pytest

from shop.events.envelope import decode
from shop.events.event import InvalidPayload
from tools.docs import events
from tools.docs.breaking import broken
from tools.docs.event_schemas import example_of

pytestmark = pytest.mark.once

CATALOGUE = events.catalogue()
DOCUMENT = events.document()
PLACED = "orders.order_placed.v1"
PAID = "orders.order_paid.v1"

# Everything an event may say, by the field's name and type in the schema. A new kind of fact is put here only after
# asking what it tells of a person.
ALLOWED = {
    "string uuid": re.compile(r"[a-z]+_id"),
    "string date-time": re.compile(r"[a-z]+_at|evidence_due_by"),
    "integer": re.compile(r"[a-z]+_id|version|amount|total|quantity|available|[a-z]+_count"),
    "boolean": re.compile(r"enabled|by_staff|was_paid|last|is_inquiry"),
    "string": re.compile(r"currency|status|reason|kind|outcome"),
}


def fields_of(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the fields of an event, nested ones too, with their type as ALLOWED names it."""
    found = []
    for name, field in schema["properties"].items():
        kind = field["type"][0] if isinstance(field["type"], list) else field["type"]
        if kind == "array":
            found += fields_of(field["items"])
        else:
            found.append((name, f"{kind} {field.get('format', '')}".strip()))
    return found


def with_field(name: str, schema: dict[str, Any] | None, *, required: bool | None = None) -> dict[str, Any]:
    """Return the catalogue with a field of the placed order changed; without a schema, without the field."""
    changed = copy.deepcopy(DOCUMENT)
    placed = changed["components"]["schemas"][PLACED]
    if schema is None:
        del placed["properties"][name]
    else:
        placed["properties"][name] = schema
    if required is not None:
        placed["required"] = [*(one for one in placed["required"] if one != name), *[name] * required]
    return changed


class TestFile:
    def test_is_what_the_code_says_and_breaks_no_reader(self) -> None:
        assert broken(events.published(), DOCUMENT) == []
        assert events.TARGET.read_text() == events.text(), "run python -m tools.docs.events"

    @pytest.mark.parametrize("name", CATALOGUE)
    def test_examples_are_messages_that_the_consumer_takes(self, name: str) -> None:
        (example,) = DOCUMENT["components"]["messages"][name]["examples"]
        schemas = DOCUMENT["components"]["schemas"]
        jsonschema.validate(example["payload"], schemas["envelope"])
        jsonschema.validate(example["payload"]["data"], schemas[name])

        received = decode(json.dumps(example["payload"]).encode())

        fact = CATALOGUE[name].parse(received.data)
        assert fact.payload() == received.data
        assert (received.key, received.version) == (fact.aggregate_id, fact.version)

    def test_every_reference_leads_somewhere(self) -> None:
        for path in re.findall(r'"\$ref": "#/([^"]+)"', events.text()):
            found: Any = DOCUMENT
            for part in path.split("/"):
                found = found[part]


class TestBreaking:
    def test_a_removed_field_asks_for_a_new_version(self) -> None:
        assert broken(DOCUMENT, with_field("total", None, required=False)) == [
            f"{PLACED}: total is removed. Leave {PLACED} as it was, and announce what is new as "
            "orders.order_placed.v2 beside it."
        ]

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            (with_field("total", {"type": "string"}), "total has another type"),
            (with_field("order_id", {"type": "string"}), "order_id has another format"),
            (with_field("gift", {"type": "boolean"}, required=True), "gift is required now"),
            (with_field("total", {"type": "integer"}, required=False), "total may be missing now"),
        ],
    )
    def test_so_does_another_type_and_another_duty(self, changed: dict[str, Any], said: str) -> None:
        (sentence,) = broken(DOCUMENT, changed)

        assert said in sentence
        assert "orders.order_placed.v2" in sentence

    def test_so_does_a_removed_event_and_a_field_of_a_line(self) -> None:
        changed = copy.deepcopy(DOCUMENT)
        schemas = changed["components"]["schemas"]
        del schemas[PLACED]
        del schemas[PAID]["properties"]["lines"]["items"]["properties"]["quantity"]

        assert [sentence.partition(". ")[0] for sentence in broken(DOCUMENT, changed)] == [
            f"{PAID}: lines[].quantity is removed",
            f"{PLACED} is gone",
        ]

    def test_a_removed_channel_takes_all_of_it_from_its_readers(self) -> None:
        changed = copy.deepcopy(DOCUMENT)
        del changed["channels"]["shop.orders"]

        assert broken(DOCUMENT, changed) == [
            "The channel shop.orders is gone. Readers subscribe to shop.orders: leave it as it was, and announce "
            "what is new beside it."
        ]

    def test_so_does_another_address(self) -> None:
        changed = copy.deepcopy(DOCUMENT)
        changed["channels"]["shop.orders"]["address"] = "shop.sales"

        assert broken(DOCUMENT, changed) == [
            "The channel shop.orders has another address (shop.orders before, shop.sales now). Readers subscribe to "
            "shop.orders: leave it as it was, and announce what is new beside it."
        ]

    def test_an_event_stays_in_its_channel(self) -> None:
        changed = copy.deepcopy(DOCUMENT)
        moved = changed["channels"]["shop.orders"]["messages"].pop(PLACED)
        changed["channels"]["shop.payments"]["messages"][PLACED] = moved

        assert broken(DOCUMENT, changed) == [
            f"{PLACED} left the channel shop.orders. Leave {PLACED} as it was, and announce what is new as "
            "orders.order_placed.v2 beside it."
        ]

    def test_an_event_that_is_gone_altogether_is_said_once(self) -> None:
        changed = copy.deepcopy(DOCUMENT)
        del changed["channels"]["shop.orders"]["messages"][PLACED]
        for part in ("messages", "schemas"):
            del changed["components"][part][PLACED]

        assert [sentence.partition(". ")[0] for sentence in broken(DOCUMENT, changed)] == [
            f"{PLACED} is gone"
        ]

    def test_an_event_keeps_its_key(self) -> None:
        changed = copy.deepcopy(DOCUMENT)
        bindings = changed["components"]["messages"][PLACED]["bindings"]
        bindings["kafka"]["key"]["description"] = "The event's buyer_id."

        assert broken(DOCUMENT, changed) == [
            f"{PLACED} has another key (string The event's order_id before, string The event's buyer_id now), so its "
            f"order is another. Leave {PLACED} as it was, and announce what is new as orders.order_placed.v2 "
            "beside it."
        ]

        del bindings["kafka"]["key"]
        (sentence,) = broken(DOCUMENT, changed)
        assert "before, none now), so its order is another" in sentence

    def test_what_comes_beside_breaks_nobody(self) -> None:
        assert broken(DOCUMENT, with_field("gift", {"type": "boolean"})) == []
        assert broken({}, DOCUMENT) == []

    def test_the_command_refuses_to_write_it(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        target = tmp_path / "asyncapi.json"
        target.write_text(json.dumps(with_field("gift", {"type": "boolean"})))
        before = target.read_text()
        monkeypatch.setattr(events, "TARGET", target)
        monkeypatch.setattr("sys.argv", ["events"])

        assert events.main() == 1
        assert "gift is removed" in capsys.readouterr().out
        assert target.read_text() == before

        monkeypatch.setattr("sys.argv", ["events", "--unread"])
        assert events.main() == 0
        assert target.read_text() == events.text()


class TestPrivacy:
    def test_no_field_can_carry_a_person_or_a_secret(self) -> None:
        strange = {
            (event, name, kind)
            for event in CATALOGUE
            for name, kind in fields_of(DOCUMENT["components"]["schemas"][event])
            if kind not in ALLOWED or not ALLOWED[kind].fullmatch(name)
        }

        assert strange == set()

    def test_texts_are_codes(self) -> None:
        schemas = [DOCUMENT["components"]["schemas"][event]["properties"] for event in CATALOGUE]
        texts = [field for fields in schemas for field in fields.values() if "pattern" in field]

        for field in texts:
            for personal in (
                "Ana Müller",
                "ana@example.com",
                "+49 30 901820",
                "Main Street 1",
                "eyJhbGciOi.e30.x",
            ):
                assert not re.search(field["pattern"], personal)


class TestParsing:
    def test_a_line_is_checked_like_the_event(self) -> None:
        good = example_of(CATALOGUE[PAID])
        for wrong in ({"product_id": 1}, {**good["lines"][0], "quantity": "2"}, 7):
            with pytest.raises(InvalidPayload, match=r"lines\[0\]"):
                CATALOGUE[PAID].parse({**good, "lines": [wrong]})
        with pytest.raises(InvalidPayload, match="lines is no list"):
            CATALOGUE[PAID].parse({**good, "lines": {}})
