"""Redis from the system's binary."""

from __future__ import annotations

import shutil
import socket
from typing import ClassVar

from tools.services.base import HOST, Service


class Redis(Service):
    """One Redis server that writes every change to a file, so that its data outlives a restart."""

    name: ClassVar[str] = "redis"
    variable: ClassVar[str] = "REDIS_URL"

    @classmethod
    def available(cls) -> str | None:
        """Return why Redis can't run on this machine, or None when it can."""
        return None if shutil.which("redis-server") else "no redis-server on PATH"

    @property
    def url(self) -> str:
        """The value of REDIS_URL."""
        return f"redis://{HOST}:{self.port}/0"

    def prepare(self) -> None:
        """Do nothing: Redis makes its own files."""

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        options = {
            "bind": HOST,
            "port": str(self.port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
        }
        return ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))]

    def answers(self) -> bool:
        """Tell whether the server has loaded its data and says PONG."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
