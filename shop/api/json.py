"""JSON as this shop writes and reads it."""

from __future__ import annotations

import json
from typing import Any

import orjson

MAX_DEPTH = 20
# JSON has no limit on numbers, but an integer of many digits takes quadratic time to read.
_MAX_DIGITS = 30


def dumps(value: Any) -> bytes:
    """Return compact JSON in UTF-8; times are ISO 8601 with Z, ids are strings."""
    return orjson.dumps(
        value, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
    )


def loads_strictly(body: bytes) -> dict[str, Any]:
    """
    Read a JSON object from a stranger.

    :raises ValueError: it is no object, is nested too deeply, has a key twice, a number that isn't finite,
        a character that can't be stored, or isn't JSON in UTF-8; the text says which.
    """
    text = body.decode("utf-8")
    # Brackets inside strings count too: that only refuses bodies nobody sends by accident.
    if max(text.count("["), text.count("{")) > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH}.")
    if "\\u0000" in text:
        raise ValueError("a text has a character that can't be stored.")
    value = json.loads(
        text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
    )
    if not isinstance(value, dict):
        raise ValueError("it must be a JSON object.")
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object.")
    return found


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a text has a character that can't be stored.") from None


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number.")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number is too long.")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if len(digits) > _MAX_DIGITS or value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large.")
    return value
