"""Every object of the fake: in memory for reading, in SQLite so that it survives a restart."""

from __future__ import annotations

import copy
import json
import sqlite3
import threading
from pathlib import Path

from tools.stripe_fake.errors import Json, missing

PRIVATE = "_fake"
"""The key under which an object carries what Stripe would not show."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, endpoint TEXT NOT NULL, status INTEGER NOT NULL,
    body BLOB NOT NULL, request_id TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, endpoint TEXT NOT NULL, attempt INTEGER NOT NULL,
    first REAL NOT NULL, due REAL NOT NULL);
CREATE TABLE IF NOT EXISTS timers (
    id INTEGER PRIMARY KEY, action TEXT NOT NULL, object_id TEXT NOT NULL, due REAL NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due, id);
CREATE INDEX IF NOT EXISTS timers_due ON timers (due, id);
"""


def public(thing: Json) -> Json:
    """Return a copy as Stripe would show it."""
    shown = {name: value for name, value in thing.items() if name != PRIVATE}
    if shown.get("object") in ("list", "search_result"):
        return {**shown, "data": [public(item) for item in shown["data"]]}
    return copy.deepcopy(shown)


class Ledger:
    """The objects by id. Whoever touches it, or `db`, holds `lock`; writes last after `commit`."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self.is_closed = False
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.db = sqlite3.connect(
            folder / "stripe.sqlite3" if folder else ":memory:", check_same_thread=False
        )
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.executescript(_SCHEMA)
        self._by_id: dict[str, Json] = {}
        self._by_kind: dict[str, dict[str, Json]] = {}
        # In order of change: what is new is written in the order of its making.
        self._dirty: dict[str, None] = {}
        for (body,) in self.db.execute("SELECT body FROM objects ORDER BY seq"):
            self._index(json.loads(body))

    def _index(self, thing: Json) -> None:
        self._by_id[thing["id"]] = thing
        self._by_kind.setdefault(thing["object"], {})[thing["id"]] = thing

    def save(self, thing: Json) -> None:
        """Take a new object in, or note that a known one changed."""
        self._index(thing)
        self._dirty[thing["id"]] = None

    def remove(self, object_id: str) -> None:
        thing = self._by_id.pop(object_id)
        del self._by_kind[thing["object"]][object_id]
        self._dirty.pop(object_id, None)
        self.db.execute("DELETE FROM objects WHERE id = ?", (object_id,))

    def find(self, object_id: str) -> Json | None:
        return self._by_id.get(object_id)

    def get(self, kind: str, object_id: str, param: str = "id") -> Json:
        """
        Return the object itself, not a copy.

        :raises StripeError: there is none of that kind under this id.
        """
        thing = self._by_id.get(object_id)
        if thing is None or thing["object"] != kind:
            raise missing(kind.replace("checkout.session", "checkout session"), object_id, param)
        return thing

    def all(self, kind: str | None = None) -> list[Json]:
        """Return the objects themselves, oldest first."""
        return list(self._by_id.values() if kind is None else self._by_kind.get(kind, {}).values())

    def count(self) -> int:
        return len(self._by_id)

    def commit(self) -> None:
        """Make what was written last, and wake who waits for work."""
        rows = [(object_id, json.dumps(self._by_id[object_id])) for object_id in self._dirty]
        self.db.executemany(
            "INSERT INTO objects (id, body) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            rows,
        )
        self.db.commit()
        self._dirty.clear()
        self.changed.notify_all()

    def close(self) -> None:
        with self.lock:
            self.is_closed = True
            self.db.close()
