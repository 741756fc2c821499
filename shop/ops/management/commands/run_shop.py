"""Run the whole shop for development: web, worker, the fake of Stripe, with demo goods in it."""

from __future__ import annotations

import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from shop.core.progress import Progress
from shop.ops import demo, start
from shop.ops.supervisor import Child, stop
from shop.ops.tail import ErrorTail

_READY_WITHIN = 90.0
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Raised in the main thread when somebody asks the shop to stop."""


class Command(BaseCommand):
    help = "Run the shop for development until Ctrl-C."
    # The checks would import every URL and view a second time; the children run on the same code.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        children: list[Child] = []
        failed = False
        heard = {number: signal.signal(number, _stop) for number in _STOPPING}
        try:
            self._run(children)
        except Stopped:
            pass
        except start.CannotStart as error:
            raise CommandError(str(error)) from error
        except NotReady as error:
            failed = True
            self.stderr.write(str(error))
        finally:
            # A second Ctrl-C must not leave half of them running.
            for number in _STOPPING:
                signal.signal(number, signal.SIG_IGN)
            if children:
                self._say("stopping")
                stop(children)
                self._say("stopped")
            # What is ignored here would be ignored by every later child of this process too.
            for number, handler in heard.items():
                signal.signal(number, handler)
        if failed:
            sys.exit(1)

    def _run(self, children: list[Child]) -> None:
        began = time.monotonic()
        start.check_surroundings()
        self._prepare()
        # Nothing here uses the database any more, and SQLite's file is best held by those who do.
        connections.close_all()
        errors = ErrorTail(Path(settings.SHOP_DATA) / "logs" / "web.log", say=self._say)
        for program in start.programs():
            child = Child(program, say=self._say)
            child.start()
            children.append(child)
        self._wait_until_ready(children, errors)
        self._welcome(time.monotonic() - began)
        while True:
            time.sleep(0.2)
            for child in children:
                child.watch()
            errors.show()

    def _prepare(self) -> None:
        if start.migrate():
            self._say("the database is up to date")
        if demo.is_empty():
            began = time.monotonic()
            progress = Progress("loading the demo", stream=self.stdout)
            demo.load(progress=progress.step)
            progress.done()
            self._say(f"demo loaded in {time.monotonic() - began:.1f} s")
        self.sign_ins = demo.ensure_sign_ins()

    def _wait_until_ready(self, children: list[Child], errors: ErrorTail) -> None:
        address = f"http://127.0.0.1:{settings.PORT}/health/ready/"
        until = time.monotonic() + _READY_WITHIN
        last = "no answer"
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(address, timeout=5):
                    return
            except urllib.error.HTTPError as error:
                last = error.read().decode(errors="replace")
            except OSError as error:
                last = str(error)
            for child in children:
                child.watch()
            errors.show()
            time.sleep(0.05)
        logs = Path(settings.SHOP_DATA) / "logs"
        raise NotReady(f"The shop is not ready after {_READY_WITHIN:.0f} s: {last}\nThe logs are in {logs}")

    def _welcome(self, seconds: float) -> None:
        base = f"http://127.0.0.1:{settings.PORT}"
        lines = [
            "",
            f"  {settings.SHOP_NAME} is open.",
            "",
            f"  API          {base}/api/v1/",
            f"  Try it       {base}/api/docs/",
            f"  Back office  {base}/admin/",
            f"  Mails        {base}/dev/mailbox/",
            f"  Addresses    {base}/dev/",
            "",
            *(f"  {name:<12} {who['email']}  {who['password']}" for name, who in self.sign_ins.items()),
            "",
            f"ready in {seconds:.1f} s: {base}/   (Ctrl-C stops everything)",
        ]
        for line in lines:
            self.stdout.write(line)
        self.stdout.flush()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


class NotReady(Exception):
    """Raised when the parts were started and don't come up."""


def _stop(number: int, frame: object) -> None:
    raise Stopped
