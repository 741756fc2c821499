"""The time that a door passed, going on from there: what works for long asks again what time it is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Clock:
    """A clock that starts at a door's ``now`` and runs by the machine's monotonic one."""

    started: datetime
    mark: float

    @classmethod
    def starting(cls, now: datetime) -> Clock:
        """Return a clock that says ``now`` now."""
        return cls(now, time.monotonic())

    def now(self) -> datetime:
        """Return the business time."""
        return self.started + timedelta(seconds=time.monotonic() - self.mark)
