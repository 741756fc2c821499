"""What happens later: one thread that runs the planned actions when they are due."""

from __future__ import annotations

import logging
import threading
import time

from tools.stripe_fake.registry import TIMED
from tools.stripe_fake.world import World

logger = logging.getLogger(__name__)
_IDLE = 5.0


class Timers:
    """Runs the rows that `World.later` wrote, each once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._world.ledger.lock:
            self._stopping = True
            self._world.ledger.changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        ledger = self._world.ledger
        with ledger.lock:
            while not self._stopping:
                row = ledger.db.execute(
                    "SELECT id, action, object_id, due FROM timers ORDER BY due, id LIMIT 1"
                ).fetchone()
                wait = row[3] - time.time() if row else _IDLE
                if wait > 0:
                    ledger.changed.wait(min(wait, _IDLE))
                    continue
                ledger.db.execute("DELETE FROM timers WHERE id = ?", (row[0],))
                self._act(row[1], row[2])
                ledger.commit()

    def _act(self, action: str, object_id: str) -> None:
        thing = self._world.ledger.find(object_id)
        if thing is None:
            return
        try:
            TIMED[action](self._world, thing)
        except Exception:
            # One broken action must not end the thread that all others wait for.
            logger.exception("The timed action %s on %s failed", action, object_id)
