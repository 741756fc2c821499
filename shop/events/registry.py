"""Who hears what, and what runs when: filled while the apps load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from shop.events.event import split_type

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from shop.events.event import Event


@dataclass(frozen=True, kw_only=True)
class Received:
    """An event as a handler gets it: ``fact`` is the validated dataclass of its type."""

    id: UUID
    type: str
    key: str
    occurred_at: datetime
    fact: Event


Handler = Callable[["Received", "datetime"], None]
JobFunction = Callable[["datetime"], object]
H = TypeVar("H", bound=Handler)
J = TypeVar("J", bound=JobFunction)

# group -> event type -> handlers, in the order of registration.
handlers: dict[str, dict[str, list[Handler]]] = defaultdict(lambda: defaultdict(list))
# The groups whose events are handled many in a transaction, with what the handlers of a batch run inside.
together: dict[str, Callable[[], AbstractContextManager[None]]] = {}


@dataclass(frozen=True, kw_only=True)
class Job:
    """A function that the worker calls again and again, with the time at its start."""

    name: str
    every: timedelta
    run: JobFunction


jobs: dict[str, Job] = {}


def handles(type_name: str, *, group: str) -> Callable[[H], H]:
    """
    Register a handler: called with the event and ``now``, in the transaction of the group's inbox row.

    It makes one service call, writes rows and never touches the network. Any app may hear any event by its
    type string.

    :param group: the consumer group, named after the app that hears.
    """
    if split_type(type_name) is None:
        raise ValueError(f"{type_name!r} is no <app>.<past tense>.v<n>.")

    def register(handler: H) -> H:
        handlers[group][type_name].append(handler)
        return handler

    return register


def handle_together(group: str, *, inside: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
    """
    Let many events of a group share a transaction, which is much quicker.

    Only for handlers that add rows and change or lock none that others wait for: what they lock is held until the
    last of some hundred events is through.

    :param inside: makes the context that the handlers of one batch run inside, within its transaction.
    """
    together[group] = inside


def job(*, every: timedelta, name: str | None = None) -> Callable[[J], J]:
    """
    Register a timed job of the worker; ``manage.py run_job NAME`` runs it once by hand.

    It is called outside any transaction with the time at its start, by at most one worker at a time, and must
    do no harm when it is called twice.
    """

    def register(function: J) -> J:
        label = name or function.__name__
        if label in jobs:
            raise ValueError(f"Two jobs are called {label!r}.")
        jobs[label] = Job(name=label, every=every, run=function)
        return function

    return register
