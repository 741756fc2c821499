"""Whether this process can serve: what is looked at, and what it says."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from shop.events import selectors as events

if TYPE_CHECKING:
    from collections.abc import Mapping

# A probe every few milliseconds must not become a load of its own; what is just coming up is looked at sooner.
_KEEP_SECONDS = 1.0
_KEEP_UNREADY_SECONDS = 0.2
_FAKE_TIMEOUT = 1.0


@dataclass(frozen=True)
class Check:
    """What one look found; ``detail`` says what is wrong, or nothing."""

    ok: bool
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """All looks of one moment, by name."""

    checks: Mapping[str, Check]

    @property
    def ready(self) -> bool:
        """Tell whether every one of them is content."""
        return all(check.ok for check in self.checks.values())


def report() -> Report:
    """Return what is up and what isn't, at most a second old."""
    global _last
    with _lock:
        if _last is not None:
            at, found = _last
            if time.monotonic() - at < (_KEEP_SECONDS if found.ready else _KEEP_UNREADY_SECONDS):
                return found
        found = _look()
        _last = (time.monotonic(), found)
        return found


def forget() -> None:
    """Look afresh at the next question."""
    global _last
    with _lock:
        _last = None


def _look() -> Report:
    looks: dict[str, Callable[[], Check]] = {"database": _database, "migrations": _migrations}
    if not settings.PRODUCTION:
        looks |= {"demo": _demo, "worker": _worker}
        if settings.STRIPE_FAKE:
            looks["stripe"] = _stripe_fake
    found = {}
    for name, look in looks.items():
        try:
            found[name] = look()
        except DatabaseError as error:
            # The class says enough; the text of some drivers holds the server's address.
            found[name] = Check(ok=False, detail=f"the database doesn't answer ({type(error).__name__})")
    return Report(found)


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Check(ok=True)


def _migrations() -> Check:
    missing = _known_migrations() - set(MigrationRecorder(connection).applied_migrations())
    return Check(
        ok=not missing, detail=f"{len(missing)} not applied: run manage.py migrate" if missing else ""
    )


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def _demo() -> Check:
    exists = apps.get_model("products", "Product")._default_manager.exists()
    return Check(ok=exists, detail="" if exists else "no product yet: run manage.py load_demo")


def _worker() -> Check:
    alive = events.status(now=timezone.now()).worker_alive
    return Check(ok=alive, detail="" if alive else "no relay holds the lease: run manage.py run_worker")


def _stripe_fake() -> Check:
    try:
        address = f"{settings.STRIPE_API_BASE}/_fake/health"
        with urllib.request.urlopen(address, timeout=_FAKE_TIMEOUT) as answer:  # noqa: S310  (from the settings)
            return Check(ok=answer.status == 200)
    except OSError:
        return Check(ok=False, detail="the local fake of Stripe doesn't answer")


_lock = threading.Lock()
_last: tuple[float, Report] | None = None
