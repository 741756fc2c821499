"""Where resources enter their routes, their timed actions and what they listen to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tools.stripe_fake.errors import Json

if TYPE_CHECKING:
    from tools.stripe_fake.call import Call
    from tools.stripe_fake.world import World

Handler = Callable[["Call"], Json]
Action = Callable[["World", Json], None]
HandlerT = TypeVar("HandlerT", bound=Handler)
ActionT = TypeVar("ActionT", bound=Action)


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    for_browsers: bool
    """Whether a publishable key may make the call."""


ROUTES: list[Route] = []
TIMED: dict[str, Action] = {}
LISTENERS: dict[str, list[Action]] = {}


def route(method: str, path: str, *, for_browsers: bool = False) -> Callable[[HandlerT], HandlerT]:
    """Enter a handler; `{id}` in the path stands for one segment. The first match wins."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def enter(handler: HandlerT) -> HandlerT:
        ROUTES.append(Route(method, pattern, handler, for_browsers))
        return handler

    return enter


def timed(name: str) -> Callable[[ActionT], ActionT]:
    """Enter an action for `World.later`."""

    def enter(action: ActionT) -> ActionT:
        TIMED[name] = action
        return action

    return enter


def listens(*event_types: str) -> Callable[[ActionT], ActionT]:
    """Enter an action that runs, within the same change, whenever such an event is made."""

    def enter(action: ActionT) -> ActionT:
        for event_type in event_types:
            LISTENERS.setdefault(event_type, []).append(action)
        return action

    return enter


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    for candidate in ROUTES:
        match = candidate.pattern.fullmatch(path) if candidate.method == method else None
        if match is not None:
            return candidate, match.groupdict()
    return None
