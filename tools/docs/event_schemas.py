"""JSON Schema and example of an event, out of its dataclass."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from shop.events.event import Event

_EXAMPLES = UUID("0199b1a2-0000-7000-8000-000000000000")
# What texts may say: three letters of ISO 4217, or a word of the code. Nothing that a person has typed.
_CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}
_WORD = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_WORDS = {"currency": "EUR", "status": "approved", "reason": "card_declined", "kind": "amount_mismatch"}
_NUMBERS = {"version": 3, "amount": 1990, "total": 21640, "quantity": 2, "available": 4}


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of an event's data. Fields that aren't in it may come: readers ignore them."""
    fields = dataclasses.fields(event)
    required = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    hints = typing.get_type_hints(event)
    return {
        "title": event.__name__,
        "description": said(event),
        **_object({field.name: hints[field.name] for field in fields}, required),
    }


def example_of(event: type[Event]) -> dict[str, Any]:
    """Return an event's data as it could travel; the same at every run."""
    hints = typing.get_type_hints(event)
    return {field.name: _example(field.name, hints[field.name]) for field in dataclasses.fields(event)}


def example_id(name: str) -> str:
    """Return the id that examples have in a field of this name."""
    return str(uuid5(_EXAMPLES, name))


def said(event: type[Event]) -> str:
    """Return what an event means, as its class says."""
    return inspect.cleandoc(event.__doc__ or "")


def _object(hints: dict[str, Any], required: list[str]) -> dict[str, Any]:
    properties = {name: _schema(name, hint) for name, hint in hints.items()}
    return {"type": "object", "properties": properties, "required": required}


def _schema(name: str, hint: Any) -> dict[str, Any]:
    if isinstance(hint, types.UnionType):
        (wanted,) = (option for option in typing.get_args(hint) if option is not type(None))
        schema = _schema(name, wanted)
        return schema | {"type": [schema["type"], "null"]}
    if typing.get_origin(hint) is list:
        (item,) = typing.get_args(hint)
        return {"type": "array", "items": _schema(name, item)}
    if typing.is_typeddict(hint):
        return _object(typing.get_type_hints(hint), sorted(hint.__required_keys__))
    if hint is str:
        return dict(_CURRENCY if name == "currency" else _WORD)
    return dict(_PLAIN[hint])


_PLAIN: dict[Any, dict[str, Any]] = {
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}


def _example(name: str, hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        hint = next(option for option in typing.get_args(hint) if option is not type(None))
    if typing.get_origin(hint) is list:
        (item,) = typing.get_args(hint)
        return [_example(name, item)]
    if typing.is_typeddict(hint):
        return {field: _example(field, of) for field, of in typing.get_type_hints(hint).items()}
    known = {
        UUID: example_id(name),
        datetime: "2026-11-23T15:04:05+00:00",
        int: _NUMBERS.get(name, 42),
        bool: True,
        str: _WORDS.get(name, "word"),
    }
    return known[hint]
