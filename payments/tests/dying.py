"""
Calls in a process that SIGKILL ends on its way, on the test's own database.

One process sets Django up and waits; each call is a fork of it, so a kill costs milliseconds. It has no threads and no
connection of its own, which is what makes forking safe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import django


class Mortal:
    """A process whose children do what the shop does, and die where they are told."""

    def __init__(self, database_url: str, module: str = "payments.tests.dying") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            env={**os.environ, "DATABASE_URL": database_url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, act: str, *, die_at: str = "", settings: dict[str, Any], **values: Any) -> int:
        """Do something and return how it ended: 0, or the negative number of the signal that ended it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"act": act, "die_at": die_at, "settings": settings, "values": values}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def main(do: Callable[..., None]) -> None:
    """Answer each line with how the fork that did it has ended."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            do(**json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201  (this is the answer)


def _do(act: str, die_at: str, settings: dict[str, Any], values: dict[str, Any]) -> None:
    # What imports models must wait for Django.
    from django.conf import settings as shop  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from payments import services  # noqa: PLC0415

    for name, value in {**settings, "FAILPOINTS": {die_at: "kill9"}}.items():
        setattr(shop, name, value)
    if act == "post":
        Client(SERVER_NAME="127.0.0.1").post(
            values["path"], values["body"], content_type="application/json", headers=values["headers"]
        )
    elif act == "send_refunds":
        services.send_refunds(now=timezone.now())
    else:
        raise ValueError(act)


if __name__ == "__main__":
    main(_do)
