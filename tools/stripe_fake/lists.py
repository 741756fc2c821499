"""Lists, pages of them, and search."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from tools.stripe_fake.call import Call
from tools.stripe_fake.errors import Json, invalid
from tools.stripe_fake.forms import Params

MAX_PAGE = 100
_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}
_SIGNS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_CLAUSE = re.compile(
    r"""(?P<minus>-)?(?:metadata\[(?P<q1>['"])(?P<key>.+?)(?P=q1)\]|(?P<field>[a-z_.]+))\s*"""
    r"""(?P<sign>:|~|>=|<=|>|<)\s*(?:(?P<q2>['"])(?P<text>.*?)(?P=q2)|(?P<word>[\w.-]+))"""
)


def page(call: Call, things: list[Json]) -> Json:
    """Return one page of the things, given oldest first, newest first as Stripe does."""
    limit = page_limit(call.params)
    ordered = [thing for thing in reversed(things) if _is_created_within(call.params, thing)]
    after, before = call.params.text("starting_after"), call.params.text("ending_before")
    if after is not None and before is not None:
        raise invalid("Only one of starting_after and ending_before may be given.", "ending_before")
    if after is not None:
        ordered = ordered[_position(ordered, after, "starting_after") + 1 :]
    if before is not None:
        ordered = ordered[: _position(ordered, before, "ending_before")]
        shown = ordered[-limit:]
    else:
        shown = ordered[:limit]
    return {"object": "list", "data": shown, "has_more": len(ordered) > len(shown), "url": call.path}


def page_limit(params: Params) -> int:
    limit = params.integer("limit")
    if limit is None:
        return 10
    if not 1 <= limit <= MAX_PAGE:
        raise invalid(f"The limit must be between 1 and {MAX_PAGE}.", "limit")
    return limit


def matching(call: Call, things: list[Json], *names: str) -> list[Json]:
    """Keep the things whose fields equal those of the named parameters that are given."""
    wanted = {name: call.params.text(name) for name in names if call.params.text(name) is not None}
    return [thing for thing in things if all(thing.get(name) == value for name, value in wanted.items())]


def _position(ordered: list[Json], object_id: str, param: str) -> int:
    for position, thing in enumerate(ordered):
        if thing["id"] == object_id:
            return position
    raise invalid(f"No such object in this list: '{object_id}'", param, "resource_missing")


def _is_created_within(params: Params, thing: Json) -> bool:
    if isinstance(params.values.get("created"), str):
        return bool(thing["created"] == params.integer("created"))
    bounds = params.group("created")
    for name, holds in _BOUNDS.items():
        bound = bounds.integer(name)
        if bound is not None and not holds(thing["created"], bound):
            return False
    return True


def search(call: Call, things: list[Json]) -> Json:
    """Return what matches `query`, newest first; objects younger than the search lag stay hidden."""
    matches = _query(call.params.required("query"))
    seen_until = time.time() - call.world.settings.search_lag
    found = [thing for thing in reversed(things) if thing["created"] <= seen_until and matches(thing)]
    limit = page_limit(call.params)
    start = int(call.params.text("page") or 0) if (call.params.text("page") or "0").isdecimal() else 0
    has_more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": has_more,
        "next_page": str(start + limit) if has_more else None,
        "url": call.path,
    }


def _query(query: str) -> Callable[[Json], bool]:
    tests: list[Callable[[Json], bool]] = []
    words, rest = [], query.strip()
    while rest:
        match = _CLAUSE.match(rest)
        if match is None:
            raise invalid("The search query could not be parsed.", "query")
        tests.append(_clause(match))
        rest = rest[match.end() :].strip()
        joint = re.match(r"(AND|OR)\b\s*", rest)
        if joint:
            words.append(joint[1])
            rest = rest[joint.end() :]
    if not tests or {"AND", "OR"} <= set(words):
        raise invalid("The search query is empty, or mixes AND and OR.", "query")
    combine = any if "OR" in words else all
    return lambda thing: combine(test(thing) for test in tests)


def _clause(match: re.Match[str]) -> Callable[[Json], bool]:
    wanted = match["text"] if match["text"] is not None else match["word"]
    sign, key, name = match["sign"], match["key"], match["field"]
    expected = not match["minus"]

    def test(thing: Json) -> bool:
        value = thing.get("metadata", {}).get(key) if key is not None else thing.get(name)
        if value is None or sign == ":":
            found = value is not None and str(value) == wanted
        elif sign == "~":
            found = wanted.lower() in str(value).lower()
        else:
            found = wanted.isdecimal() and _BOUNDS[_SIGNS[sign]](value, int(wanted))
        return found is expected

    return test
