"""stripe-mock: Stripe's own checker of requests by its published OpenAPI description, built by Go from its module."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import ClassVar

from tools.services.base import HOST, Service, ServiceFailed, ServiceMissing

# Names the module's version, with the hashes of all it is built from beside it.
MODULE = Path(__file__).parent.parent / "stripe_mock"
PACKAGE = "github.com/stripe/stripe-mock"
# Where Go's own archive puts it, which isn't on every PATH.
GO_ELSEWHERE = "/usr/local/go/bin"


def go() -> str | None:
    """Return the path of Go, or None without one."""
    return shutil.which("go") or shutil.which("go", path=GO_ELSEWHERE)


def binary() -> Path:
    """Return where the built program stands: a cache outside the repository, a folder for each version."""
    found = re.search(
        rf"^require {re.escape(PACKAGE)} v(\S+)$", (MODULE / "go.mod").read_text(), re.MULTILINE
    )
    if not found:
        raise ServiceFailed(f"{MODULE / 'go.mod'} names no version of {PACKAGE}.")
    return Path.home() / ".cache" / "shop-stripe-mock" / found[1] / "stripe-mock"


def build() -> Path:
    """
    Return the program, built if it wasn't: once, however many processes ask.

    :raises ServiceMissing: Go can't get or build it.
    """
    program = binary()
    program.parent.mkdir(parents=True, exist_ok=True)
    with program.with_name("lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            partial = program.with_name("partial")
            done = subprocess.run(
                [go() or "go", "build", "-trimpath", "-o", str(partial), PACKAGE],
                check=False,
                capture_output=True,
                text=True,
                cwd=MODULE,
                # What is on the machine builds it: no other Go is fetched for it, and no C compiler is needed.
                env={**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
            )
            if done.returncode:
                said = " ".join(done.stderr.split())
                raise ServiceMissing(f"stripe_mock: Go can't build it: {said[:300]}")
            partial.rename(program)
    return program


class StripeMock(Service):
    """
    A Stripe that remembers nothing: it refuses what its description doesn't allow, and answers with samples.

    For tests alone. For anything that has to remember there is ``tools.stripe_fake``.
    """

    name: ClassVar[str] = "stripe_mock"
    variable: ClassVar[str] = "STRIPE_API_BASE"

    @classmethod
    def available(cls) -> str | None:
        """Return why stripe-mock can't run on this machine, or None when it can."""
        return None if binary().exists() or go() else "no go on PATH to build it with"

    @property
    def url(self) -> str:
        """The value of STRIPE_API_BASE."""
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Build the program where it isn't there yet."""
        build()

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        # It would take a fixed port for HTTPS if it were given none.
        return [str(binary()), "-http-addr", f"{HOST}:{self.port}", "-https-addr", f"{HOST}:0"]

    def answers(self) -> bool:
        """Tell whether the server takes connections; it has read its description before it does."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1):
                return True
        except OSError:
            return False
