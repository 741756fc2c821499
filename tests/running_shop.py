"""
Whole shops as child processes on free ports: awaited by asking them, stopped by their pids.

What a shop leaves, in tables, logs and mails, is searched for secrets when it has stopped.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
from aiosmtpd.controller import Controller

from shop.events import registry
from tests.environment import ROOT, setting_names
from tests.leftovers import secrets_left
from tests.services_plugin import do_without
from tools.services import Service, ServiceMissing
from tools.services.base import GUARD, HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from email.message import EmailMessage
    from pathlib import Path

# The first start draws the pictures of the demo goods, on a machine that may be busy with other tests.
READY_SECONDS = 150
STOP_SECONDS = 20
APPS = ("users", "products", "cart", "orders", "payments", "notifications")


@dataclass
class RunningShop:
    """A shop that answers at ``base``; ``processes`` by name, ``environment`` is what each of them sees."""

    base: str
    folder: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    guards: list[subprocess.Popen[bytes]] = field(default_factory=list)
    mailbox: Callable[[], list[EmailMessage]] = list
    mail_server: MailServer | None = None

    def start(self, name: str, *command: str) -> None:
        """Start a part of the shop; its output goes into a file of its name."""
        with self.log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self.environment,
                # A group of its own: what a part has started ends with it, and with nothing else.
                process_group=0,
            )
        # A test run that is killed must not leave a shop behind.
        guard = [sys.executable, "-IS", str(GUARD), str(self.processes[name].pid), str(int(signal.SIGTERM))]
        self.guards.append(subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True))

    def run(self, *command: str) -> str:
        """Run a command of the shop to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.environment,
            check=False,
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def log(self, name: str) -> Path:
        """Return the file that a part writes its output to."""
        return self.folder / f"{name}.log"

    def mails_to(self, address: str) -> list[EmailMessage]:
        """Return the mails that were delivered to an address, the oldest first."""
        return [mail for mail in self.mailbox() if address in str(mail["To"])]

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until the shop says that it can serve, or fail with why it can't."""
        last = "it doesn't answer"

        def ready() -> bool:
            nonlocal last
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            assert not dead, f"{dead[0]} has ended: {self.log(dead[0]).read_text()[-3000:]}"
            try:
                urllib.request.urlopen(f"{self.base}/health/ready/", timeout=5).close()
            except urllib.error.HTTPError as error:
                last = error.read().decode()
                return False
            except OSError:
                return False
            return True

        wait_for(ready, seconds=seconds, what=lambda: f"the shop is not ready: {last}")

    def stop(self) -> None:
        """Stop every part in order, by force where it doesn't."""
        # The guards go first: after a part is reaped, its pid may belong to somebody else.
        for guard in self.guards:
            guard.kill()
            guard.communicate()
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, until - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(
    condition: Callable[[], Any], *, seconds: float = 30, what: Callable[[], str] = lambda: "it didn't happen"
) -> Any:
    """Ask until the answer is true and return it; after so many seconds, fail with what was waited for."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"after {seconds:.0f} s: {what()}"
        time.sleep(0.1)
    return found


@contextlib.contextmanager
def embedded_shop(folder: Path) -> Iterator[RunningShop]:
    """Run the embedded default as ``make run`` does: SQLite, local events, mails as files, the fake of Stripe."""
    shop = _shop(folder)
    shop.mailbox = lambda: _files(folder / "mailbox")
    try:
        shop.start("shop", "manage.py", "run_shop")
        shop.wait_until_ready()
        yield shop
    finally:
        shop.stop()
    _assert_no_secrets_left(shop)


@contextlib.contextmanager
def real_shop(folder: Path, *, database: str, brokers: str) -> Iterator[RunningShop]:
    """
    Run every part apart, as production does: PostgreSQL, Kafka, a mail server, one process a consumer group.

    Only Stripe is the fake, and the development pages are there. The mail server is in this process.
    """
    with mail_server() as mails:
        shop = _shop(
            folder,
            DATABASE_URL=database,
            KAFKA_BOOTSTRAP_SERVERS=brokers,
            EMAIL_URL=f"smtp://{HOST}:{mails.port}",
        )
        shop.mailbox = lambda: list(mails.taken)
        shop.mail_server = mails
        shop.run("manage.py", "migrate", "--verbosity=0")
        shop.run("manage.py", "load_demo")
        shop.run("manage.py", "setup_kafka", "--replicas=1")
        try:
            _start_parts(shop)
            shop.wait_until_ready()
            yield shop
        finally:
            shop.stop()
        _assert_no_secrets_left(shop, database)


def _assert_no_secrets_left(shop: RunningShop, database: str = "") -> None:
    found = secrets_left(shop.folder, database=database, mails=shop.mailbox())
    assert not found, f"Written by this shop: {'; '.join(found)}"


@contextlib.contextmanager
def own_database(server: str) -> Iterator[str]:
    """Make a database on a PostgreSQL server, yield its URL, and remove it."""
    name = f"shop_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def own_server(kind: type[Service]) -> Iterator[Service]:
    """Run a server for a whole class or module; where the machine lacks it, skip, or fail if all are required."""
    server = kind()
    try:
        try:
            server.start()
        except ServiceMissing as error:
            do_without(str(error))
        yield server
    finally:
        server.close()


class MailServer:
    """A mail server in this process, which may be stopped and started again; ``taken`` are the mails it has."""

    def __init__(self) -> None:
        self.port = free_port()
        self.taken: list[EmailMessage] = []
        # It tells of every line it hears, which would bury what a failing test says.
        logging.getLogger("mail.log").setLevel(logging.WARNING)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def start(self) -> None:
        """Take mails from now on."""
        self._controller = Controller(self, hostname=HOST, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._controller.stop()


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a mail server in this process."""
    server = MailServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def rows(database: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a query on PostgreSQL and return its rows."""
    connection = psycopg2.connect(database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
    finally:
        connection.close()


def groups() -> Sequence[str]:
    """Return the consumer groups of the shop."""
    return [app for app in APPS if app in registry.handlers]


def _shop(folder: Path, **settings: str) -> RunningShop:
    port = free_port()
    # What a developer has exported must not leak into it.
    inherited = {name: value for name, value in os.environ.items() if name not in setting_names()}
    own = {"SHOP_DATA": str(folder), "PORT": str(port), "STRIPE_FAKE_PORT": str(free_port()), **settings}
    return RunningShop(base=f"http://{HOST}:{port}", folder=folder, environment={**inherited, **own})


def _start_parts(shop: RunningShop) -> None:
    port = shop.environment["PORT"]
    shop.start(
        "stripe", "-m", "tools.stripe_fake",
        "--port", shop.environment["STRIPE_FAKE_PORT"],
        "--webhook-url", f"{shop.base}/api/v1/payments/webhooks/stripe/",
        "--webhook-secret", "whsec_local",
    )  # fmt: skip
    shop.start(
        "web", "-m", "gunicorn", "shop.wsgi", "--bind", f"{HOST}:{port}",
        "--worker-class", "gthread", "--workers", "2", "--threads", "4",
    )  # fmt: skip
    shop.start("relay", "manage.py", "publish_events")
    for group in groups():
        shop.start(f"consumer-{group}", "manage.py", "consume_events", "--group", group)
    shop.start("jobs", "manage.py", "run_worker", "--only", "jobs")


def _files(folder: Path) -> list[EmailMessage]:
    return [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in sorted(folder.glob("*.eml"))
    ]


def execute(server: str, statement: str) -> None:
    """Run a statement on PostgreSQL, in no transaction."""
    connection = psycopg2.connect(server)
    try:
        # CREATE DATABASE runs in no transaction.
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
