"""Child processes that belong together: started, watched, restarted when they die, stopped as one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Long enough for requests to end and a consumer to leave its group, short enough for who pressed Ctrl-C.
_GRACE_SECONDS = 7.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
# A child that ran this long had recovered: its next death starts the pauses over.
_STABLE_SECONDS = 60.0
_KEEP_LOG_BYTES = 5_000_000
_LAST_BYTES = 500
_PR_SET_PDEATHSIG = 1
# Loaded once, before any fork: a child between fork and exec must not load libraries.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, under which name, with its output appended to a file."""

    name: str
    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One program and the process that runs it now."""

    def __init__(self, program: Program, *, say: Callable[[str], None]) -> None:
        self.program = program
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = _FIRST_PAUSE
        self._again_at: float | None = None

    def start(self) -> None:
        """Start the program in a process group of its own, so that all it starts ends with it."""
        self.program.log.parent.mkdir(parents=True, exist_ok=True)
        if self.program.log.exists() and self.program.log.stat().st_size > _KEEP_LOG_BYTES:
            self.program.log.unlink()
        with self.program.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (a program of ours)
                self.program.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.program.environment},
                process_group=0,
                preexec_fn=_die_with_parent if _LIBC else None,
            )
        self._started = time.monotonic()
        self._again_at = None

    def watch(self) -> None:
        """Start the program again when it has died, after a pause that grows with each death."""
        if self._again_at is not None:
            if time.monotonic() >= self._again_at:
                self.start()
            return
        if self._process is None or self._process.poll() is None:
            return
        # What the dead one left behind could still hold its port.
        self.signal(signal.SIGKILL)
        if time.monotonic() - self._started > _STABLE_SECONDS:
            self._pause = _FIRST_PAUSE
        self._say(
            f"{self.program.name} ended with {self._process.returncode}; starting it again in {self._pause:.0f} s. "
            f"Its last words: {self._last_words()} (more in {self.program.log})"
        )
        self._again_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def kill(self) -> None:
        """End the group by force, and wait until its leader is gone."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def _last_words(self) -> str:
        size = self.program.log.stat().st_size
        with self.program.log.open("rb") as log:
            log.seek(max(0, size - _LAST_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "none")

    @property
    def running(self) -> bool:
        """Tell whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, if any of it is left."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def stop(children: Sequence[Child]) -> None:
    """End all groups within ten seconds: by request first, then by force."""
    for child in children:
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and any(child.running for child in children):
        time.sleep(0.05)
    for child in children:
        child.kill()


def _die_with_parent() -> None:
    # Without this a supervisor killed by force leaves its children on their ports.
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
