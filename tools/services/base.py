"""A real server as a child process: started on a free loopback port, awaited by condition, stopped by its pid."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
READY_SECONDS = 60
STOP_SECONDS = 30
# How long a server that exits while starting is tried again: after a kill, its predecessor's children
# may hold its memory or its lock for a moment.
RETRY_SECONDS = 10
GUARD = Path(__file__).with_name("guard.py")


class ServiceMissing(Exception):
    """The machine lacks what the service needs; the message says what."""


class ServiceFailed(Exception):
    """The service didn't start; the message ends with its log."""


def free_port() -> int:
    """
    Return a loopback port that nobody listens on.

    It lies below the range that outgoing connections take, so that a stopped server finds its port free
    when it comes back. The system's randomness keeps seeded test processes from all choosing the same.
    """
    for port in random.SystemRandom().sample(range(20000, 32000), 100):
        if port_is_free(port):
            return port
    raise ServiceFailed("No free port between 20000 and 32000.")


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on a loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """Ask until the condition holds, at most for some seconds; return whether it did."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True


class Service(ABC):
    """
    One server with a folder for its data, log and port.

    Without a folder it gets a temporary one, which :meth:`close` removes. With one, data and port are kept
    from start to start. Also a context manager: started on entry, closed on exit.
    """

    name: ClassVar[str]
    variable: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path | None = None) -> None:
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"shop-{self.name}-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.kept_port("port")
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @classmethod
    @abstractmethod
    def available(cls) -> str | None:
        """Return why the service can't run on this machine, or None when it can."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The value of the setting that makes the shop use this service."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the folder ready: nothing happens when it already is."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether the server serves requests, by asking it."""

    def privileges(self) -> dict[str, Any]:
        """Return the options of Popen that choose whom the server runs as."""
        return {}

    @property
    def log(self) -> Path:
        """The file that takes the server's output."""
        return self.folder / "log.txt"

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def kept_port(self, name: str) -> int:
        """Return the port written in the folder under that name while it is free, else a new one."""
        file = self.folder / name
        kept = int(file.read_text()) if file.exists() else 0
        if not kept or not port_is_free(kept):
            kept = free_port()
            file.write_text(str(kept))
        return kept

    def start(self) -> Self:
        """
        Start the server and return once it answers.

        :raises ServiceMissing: the machine lacks what it needs.
        :raises ServiceFailed: it didn't answer in time; no process is left.
        """
        reason = self.available()
        if reason:
            raise ServiceMissing(f"{self.name}: {reason}")
        self.prepare()
        begin = time.monotonic()
        self._spawn()
        while not self._settled(READY_SECONDS - (time.monotonic() - begin)):
            exited = not self.running
            self.kill()
            if not exited or time.monotonic() - begin > RETRY_SECONDS:
                lines = self.log.read_text(errors="replace").splitlines()[-15:]
                raise ServiceFailed("\n".join([f"{self.name} didn't start. Its log ends with:", *lines]))
            time.sleep(0.2)
            self._spawn()
        return self

    def stop(self) -> None:
        """Stop the server in order; its data stays."""
        if self._process is not None and self.running:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap()

    def kill(self) -> None:
        """End the server as a crash would, by SIGKILL; its data stays as the crash left it."""
        if self._process is not None and self.running:
            self._process.kill()
        self._reap()

    def restart(self) -> Self:
        """Stop the server if it runs and start it on the same port and data."""
        self.stop()
        return self.start()

    def close(self) -> None:
        """Stop the server, and remove the folder if it is a temporary one."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _settled(self, seconds: float) -> bool:
        wait_until(lambda: not self.running or self.answers(), seconds=seconds)
        return self.running and self.answers()

    def _spawn(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches only us, and we stop the servers in order.
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self.privileges(),
            )
        self._guard = subprocess.Popen(
            [sys.executable, "-IS", str(GUARD), str(self._process.pid), str(int(self.stop_signal))],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def _reap(self) -> None:
        # The guard goes first: after the server is reaped, its pid may belong to somebody else.
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
        if self._process is not None:
            self._process.wait()
            self._process = None
