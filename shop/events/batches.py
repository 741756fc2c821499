"""Many messages at once: one transaction for those that go well, each of the others by itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from shop.core.transactions import use_case
from shop.events import registry
from shop.events.consumer import claim_all, receive, run_handlers
from shop.events.failures import describe, is_outage
from shop.events.interpreting import Refused, announced, believe, read
from shop.events.models import ParkedEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shop.events.consumer import Position
    from shop.events.registry import Received

logger = logging.getLogger(__name__)


def receive_all(*, group: str, messages: Sequence[tuple[Position, bytes]], now: datetime) -> None:
    """
    Handle messages of a group that handles together, each once, or keep it; as ``consumer.receive`` does, but quicker.

    One failing handler undoes the whole transaction; halves are tried then, until only the one to blame is parked.
    It, what queues behind it and what can never be handled are received by themselves: after the others, which no
    order forbids.

    Transaction: opens its own, durable ones.

    :raises OperationalError: the database is away; some may be handled, and all must come again.
    """
    events, apart = _interpret_all(group, messages)
    if events:
        apart |= _handle_or_leave(group, events, now)
    for place in sorted(apart):
        position, message = messages[place]
        receive(group=group, message=message, position=position, now=now)


def _interpret_all(
    group: str, messages: Sequence[tuple[Position, bytes]]
) -> tuple[dict[int, Received], set[int]]:
    """Return the events to handle and which messages are refused, by their place; what nobody asked for is neither."""
    envelopes, refused = {}, set[int]()
    for place, (_, message) in enumerate(messages):
        try:
            envelope = read(group=group, message=message)
        except Refused:
            refused.add(place)
            continue
        if envelope is not None:
            envelopes[place] = envelope
    events = {}
    rows = announced(envelope.id for envelope in envelopes.values()) if envelopes else {}
    for place, envelope in envelopes.items():
        try:
            events[place] = believe(group=group, envelope=envelope, announced=rows)
        except Refused:
            refused.add(place)
    return events, refused


def _handle_or_leave(group: str, events: dict[int, Received], now: datetime) -> set[int]:
    """
    Handle events in one transaction, or if one fails those of either half, and so on until it stands alone.

    Returns the places of those that are to be received by themselves.
    """
    try:
        return use_case(_handle_all, group, events, now)
    except Exception as error:
        # Whatever a handler raises; the one by itself will raise it again.
        if is_outage(error):
            raise
        logger.info("%s: one of %s events fails: %s", group, len(events), describe(error))
    if len(events) == 1:
        return set(events)
    places = sorted(events)
    half = len(places) // 2
    left = _handle_or_leave(group, {place: events[place] for place in places[:half]}, now)
    # What follows one that was left must not overtake it.
    keys = {events[place].key for place in left}
    follow = {place for place in places[half:] if events[place].key in keys}
    rest = {place: events[place] for place in places[half:] if place not in follow}
    return left | follow | (_handle_or_leave(group, rest, now) if rest else set())


def _handle_all(group: str, events: dict[int, Received], now: datetime) -> set[int]:
    # First the queues, then the claims, as for one event.
    parked = _parked_keys(group, {event.key for event in events.values()})
    behind = {place for place, event in events.items() if event.key in parked}
    free = {place: event for place, event in events.items() if place not in behind}
    ours = claim_all(group=group, event_ids=[event.id for event in free.values()], now=now)
    with registry.together[group]():
        for event in free.values():
            # A message may have come twice in one batch.
            if event.id in ours:
                ours.discard(event.id)
                run_handlers(group=group, event=event, now=now)
    return behind


def _parked_keys(group: str, keys: set[str]) -> set[str]:
    """Return which of these keys have parked events."""
    parked = ParkedEvent.objects.filter(group=group)
    # Mostly there are none, and then some hundred keys needn't be told.
    return set(parked.filter(key__in=keys).values_list("key", flat=True)) if parked.exists() else set()
