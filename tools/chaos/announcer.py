"""Announcing by a real outbox: several of these at once, so that ids don't commit in order."""

from __future__ import annotations

import threading
from random import Random
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from shop.core.ids import new_id
from shop.events.outbox import publish_all
from tools.chaos.things import ThingChanged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

# Of a hundred transactions, those that are rolled back: nobody may ever hear of what they announced.
ROLLED_BACK = 3
MOST_TOGETHER = 5


class _RolledBack(Exception):
    """Ends a transaction that isn't to count."""


class Announcer:
    """
    Announces changes of its own keys, up to as many as it was let.

    ``committed`` has the number of versions of each key.
    """

    def __init__(self, *, seed: int, keys: int, users: Sequence[UUID], mails: float) -> None:
        self._random = Random(seed)  # noqa: S311  (a run that can be repeated, not a secret)
        self._things = [new_id() for _ in range(keys)]
        self._users, self._mails = users, mails
        self._let, self._done, self._ended = 0, 0, False
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.committed: dict[str, int] = {str(thing): 0 for thing in self._things}
        self.failure: Exception | None = None

    def start(self) -> None:
        """Begin, with nothing let yet."""
        self._thread.start()

    def let(self, count: int) -> None:
        """Let it announce so many events in all."""
        with self._more:
            self._let = count
            self._more.notify()

    def end(self) -> None:
        """Wait until all that was let is announced."""
        with self._more:
            self._ended = True
            self._more.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while left := self._left():
                self._done += self._announce(most=left)
        except Exception as error:  # noqa: BLE001  (the verdict tells of it)
            self.failure = error
        finally:
            connection.close()

    def _left(self) -> int:
        """Wait until there is something to announce, or nothing will be; return how much."""
        with self._more:
            self._more.wait_for(lambda: self._done < self._let or self._ended)
            return self._let - self._done

    def _announce(self, *, most: int) -> int:
        """Announce a few events in one transaction; return how many."""
        count = min(most, self._random.randint(1, MOST_TOGETHER))
        versions = dict(self.committed)
        events = []
        for thing in self._random.choices(self._things, k=count):
            versions[str(thing)] += 1
            user = self._random.choice(self._users) if self._random.random() < self._mails else None
            events.append(ThingChanged(thing_id=thing, version=versions[str(thing)], user_id=user))
        try:
            with transaction.atomic():
                publish_all(events, now=timezone.now())
                if self._random.randrange(100) < ROLLED_BACK:
                    raise _RolledBack
        except _RolledBack:
            return 0
        for event in events:
            self.committed[event.aggregate_id] = event.version
        return count


class Feed:
    """Lets events out of announcers: a part for each blow, and a few more than asked for where somebody starves."""

    MORE = 30

    def __init__(self, announcers: Sequence[Announcer], *, events: int, parts: int) -> None:
        self._announcers, self._events, self._of = announcers, events, parts
        self._parts = self._more = 0

    def part(self) -> None:
        """Let the next part out."""
        self._parts += 1
        self._let()

    def more(self) -> None:
        """Let a few more out."""
        self._more += self.MORE
        self._let()

    def _let(self) -> None:
        total = self._events * self._parts // self._of + self._more
        for place, announcer in enumerate(self._announcers):
            announcer.let((total + place) // len(self._announcers))
