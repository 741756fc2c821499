"""Finds what would break the readers of a catalogue of events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_REMEDY = "Leave {name} as it was, and announce what is new as {next} beside it."
_STAY = "Readers subscribe to {address}: leave it as it was, and announce what is new beside it."


def broken(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """
    Return what the new catalogue takes from the readers of the old one, a sentence each with what to do instead.

    A field that came is none of it: readers ignore what they don't know. What a reader knows must stay where it is,
    of its type, and always there if it always was. A required field that is new is one too: readers of this version
    go back to what was announced before it. Where an event travels and what it is ordered by must stay, too.
    """
    return [*_of_schemas(old, new), *_of_channels(old, new), *_of_keys(old, new)]


def _of_schemas(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    before, after = _parts(old, "schemas"), _parts(new, "schemas")
    found = []
    for name, schema in before.items():
        if name == "envelope":
            remedy = "Readers of every event know the envelope: leave it as it was."
        else:
            remedy = _REMEDY.format(name=name, next=_next(name))
        if name not in after:
            found.append(f"{name} is gone. {remedy}")
            continue
        found += [f"{name}: {change}. {remedy}" for change in _changes(schema, after[name], "")]
    return found


def _of_channels(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    gone = _parts(old, "schemas").keys() - _parts(new, "schemas").keys()
    now = new.get("channels", {})
    for name, channel in old.get("channels", {}).items():
        remedy = _STAY.format(address=channel["address"])
        if name not in now:
            yield f"The channel {name} is gone. {remedy}"
            continue
        if channel["address"] != now[name]["address"]:
            yield (
                f"The channel {name} has another address ({channel['address']} before, "
                f"{now[name]['address']} now). {remedy}"
            )
        for event in channel["messages"]:
            # What is gone altogether has been said.
            if event not in now[name]["messages"] and event not in gone:
                yield f"{event} left the channel {name}. {_REMEDY.format(name=event, next=_next(event))}"


def _of_keys(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    after = _parts(new, "messages")
    for event, message in _parts(old, "messages").items():
        if event not in after:
            continue
        before, now = _key(message), _key(after[event])
        if before != now:
            yield (
                f"{event} has another key ({_said(before)} before, {_said(now)} now), so its order is another. "
                f"{_REMEDY.format(name=event, next=_next(event))}"
            )


def _parts(catalogue: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = catalogue.get("components", {}).get(kind, {})
    return found


def _key(message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = message.get("bindings", {}).get("kafka", {}).get("key", {})
    return found


def _said(key: dict[str, Any]) -> str:
    return " ".join(str(part) for part in key.values()).rstrip(".") or "none"


def _changes(old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
    label = where or "the data"
    for rule in ("type", "format", "pattern", "const", "minimum"):
        if old.get(rule) != new.get(rule):
            yield f"{label} has another {rule} ({old.get(rule)} before, {new.get(rule)} now)"
    fields, now = old.get("properties", {}), new.get("properties", {})
    for name in fields:
        at = f"{where}.{name}".lstrip(".")
        if name not in now:
            yield f"{at} is removed"
        else:
            yield from _changes(fields[name], now[name], at)
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{f'{where}.{name}'.lstrip('.')} is required now"
    for name in sorted(set(old.get("required", ())) - set(new.get("required", ()))):
        if name in now:
            yield f"{f'{where}.{name}'.lstrip('.')} may be missing now"
    if "items" in old and "items" in new:
        yield from _changes(old["items"], new["items"], f"{where}[]")


def _next(name: str) -> str:
    base, _, major = name.rpartition(".v")
    return f"{base}.v{int(major) + 1}"
