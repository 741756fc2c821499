"""Events: what happened, readable for as long as the ledger lives."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tools.stripe_fake.call import Call
from tools.stripe_fake.errors import Json, invalid
from tools.stripe_fake.lists import page
from tools.stripe_fake.registry import route


@route("GET", "/v1/events")
def list_all(call: Call) -> Json:
    kinds = [str(kind) for kind in call.params.items("types")]
    single = call.params.text("type")
    if kinds and single:
        raise invalid("Give either type or types, not both.", "types")
    if single:
        kinds = [single]
    events = [
        event for event in call.world.ledger.all("event") if not kinds or _is_one_of(event["type"], kinds)
    ]
    return page(call, events)


@route("GET", "/v1/events/{id}")
def retrieve(call: Call) -> Json:
    return call.get("event")


def _is_one_of(event_type: str, kinds: list[str]) -> bool:
    return any(fnmatchcase(event_type, kind) for kind in kinds)
