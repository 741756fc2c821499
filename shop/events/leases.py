"""Leadership: a named row that one holder has until a moment of the database's clock."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import Error, connection
from django.db.models.functions import Now

from shop.core.ids import new_id
from shop.events.models import Lease

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger(__name__)

# How long a killed leader is waited for.
TTL = timedelta(seconds=10)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# How often one that doesn't lead looks whether it can; a read, so it costs little.
_STANDBY_SECONDS = 1.0


def new_holder() -> str:
    """Return a name that no other process or thread has; the host and the process stand in it for people."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{new_id().hex[-12:]}"


def acquire(*, name: str, holder: str, ttl: timedelta = TTL) -> bool:
    """
    Take the lease if it is free, run out, or the holder's own; tell whether the holder has it now.

    One statement compares and sets, so two who ask at once don't both get it. Writes nothing while somebody
    else has it.
    """
    if Lease.objects.filter(name=name, until__gt=Now()).exclude(holder=holder).exists():
        return False
    if renew(name=name, holder=holder, ttl=ttl):
        return True
    Lease.objects.bulk_create([Lease(name=name, holder="", until=_LONG_AGO)], ignore_conflicts=True)
    taken = Lease.objects.filter(name=name, until__lte=Now()).update(holder=holder, until=Now() + ttl)
    return taken == 1


def renew(*, name: str, holder: str, ttl: timedelta = TTL) -> bool:
    """Prolong a lease that the holder still has; tell whether it does."""
    mine = Lease.objects.filter(name=name, holder=holder, until__gt=Now())
    return mine.update(until=Now() + ttl) == 1


def release(*, name: str, holder: str) -> None:
    """Give a lease back, so that the next one needn't wait until it runs out."""
    Lease.objects.filter(name=name, holder=holder).update(until=_LONG_AGO)


def confirm(*, name: str, holder: str) -> bool:
    """
    Tell whether the holder has the lease, and keep it so until the caller's transaction ends.

    Locks: the lease's row.
    """
    mine = Lease.objects.select_for_update().filter(name=name, holder=holder, until__gt=Now())
    return mine.first() is not None


class LeaseKeeper:
    """
    A thread that takes a lease as soon as it can and renews it; a context manager.

    ``held`` is what this process believes. It never outlasts the lease: it is counted from before the database
    was asked, by a clock that goes on while the process is stopped. What must be certain asks :meth:`confirm`.
    """

    def __init__(self, name: str, *, ttl: timedelta = TTL) -> None:
        self.name = name
        self.holder = new_holder()
        self._ttl = ttl
        self._until = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{name}", daemon=True)

    @property
    def held(self) -> bool:
        """Whether the lease is held, as far as this process knows."""
        return time.monotonic() < self._until

    def confirm(self) -> bool:
        """Tell whether the lease is held, and lock it until the caller's transaction ends."""
        if confirm(name=self.name, holder=self.holder):
            return True
        self._until = 0.0
        return False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _keep(self) -> None:
        try:
            while not self._stop.is_set():
                self._try_once()
                seconds = self._ttl.total_seconds() / 3
                self._stop.wait(seconds if self.held else min(seconds, _STANDBY_SECONDS))
            self._give_back()
        finally:
            connection.close()

    def _try_once(self) -> None:
        asked, led = time.monotonic(), self.held
        try:
            if acquire(name=self.name, holder=self.holder, ttl=self._ttl):
                self._until = asked + self._ttl.total_seconds()
            else:
                self._until = 0.0
        except Error as error:
            # The database is away. What was granted stays granted until it runs out.
            logger.warning("Lease %s: the database doesn't answer: %s", self.name, error)
            connection.close()
        if led != self.held:
            logger.info("Lease %s: %s by %s.", self.name, "taken" if self.held else "not held", self.holder)

    def _give_back(self) -> None:
        self._until = 0.0
        try:
            release(name=self.name, holder=self.holder)
        except Error as error:
            logger.warning("Lease %s: not given back, it runs out by itself: %s", self.name, error)
