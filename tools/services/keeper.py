"""Shares servers between the processes of one test run: one of them keeps the servers, all ask it for addresses."""

from __future__ import annotations

import json
import shutil
import socket
import socketserver
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tools.services import KINDS, Service, ServiceFailed, ServiceMissing

if TYPE_CHECKING:
    from typing import Self


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        super().__init__(str(keeper.address), _Asked)


class _Asked(socketserver.StreamRequestHandler):
    """One question, the name of a service, and its answer as a line of JSON."""

    server: _Server

    def handle(self) -> None:
        name = self.rfile.readline().decode().strip()
        try:
            answer = {"url": self.server.keeper.url(name)}
        except ServiceMissing as error:
            answer = {"missing": str(error)}
        except (ServiceFailed, OSError) as error:
            answer = {"failed": str(error)}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class Keeper:
    """Starts each service when it is first asked for, and stops all of them at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="shop-tests-"))
        # PostgreSQL's own user has to pass through.
        self.folder.chmod(0o711)
        self.address = self.folder / "keeper"
        self._services: dict[str, Service] = {}
        self._missing: dict[str, ServiceMissing] = {}
        self._locks = {name: threading.Lock() for name in KINDS}
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def open(self) -> Self:
        """Begin to answer the questions of other processes."""
        self._thread.start()
        return self

    def reserve(self, name: str) -> str:
        """Return the address a service will have, without starting it."""
        with self._locks[name]:
            return self._made(name).url

    def url(self, name: str) -> str:
        """
        Return the address of a running service, started if it wasn't.

        :raises ServiceMissing: this machine can't run it.
        :raises ServiceFailed: it didn't start.
        """
        with self._locks[name]:
            # Once is enough to learn that a download fails.
            if name in self._missing:
                raise self._missing[name]
            service = self._made(name)
            try:
                return service.url if service.running else service.start().url
            except ServiceMissing as error:
                self._missing[name] = error
                raise

    def close(self) -> None:
        """Stop everything and remove what it wrote."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        for service in self._services.values():
            service.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _made(self, name: str) -> Service:
        if name not in self._services:
            self._services[name] = KINDS[name](self.folder / name)
        return self._services[name]


def ask(address: str, name: str) -> str:
    """
    Return the address of a service from the process that keeps it.

    :raises ServiceMissing: this machine can't run it.
    :raises ServiceFailed: it didn't start.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(address)
        connection.sendall(f"{name}\n".encode())
        with connection.makefile("rb") as answers:
            answer = json.loads(answers.readline())
    if "missing" in answer:
        raise ServiceMissing(answer["missing"])
    if "failed" in answer:
        raise ServiceFailed(answer["failed"])
    return str(answer["url"])
