"""What must be so before the development shop can run, and the programs it consists of."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from shop.ops.supervisor import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

_THREADS = 8
_MOST_PROCESSES = 4


class CannotStart(Exception):
    """Raised when something is in the way; the text says what, and what to do."""


def check_surroundings() -> None:
    """
    Refuse to go on when the shop could not run.

    :raises CannotStart: it would be a production shop, a port is taken, or the data folder can't be written.
    """
    if settings.PRODUCTION:
        raise CannotStart(
            "run_shop is for development. In production the parts run apart: gunicorn shop.wsgi, "
            "manage.py run_worker. See docs/operations.md."
        )
    _check_folder(Path(settings.SHOP_DATA))
    _check_port(settings.PORT, "PORT")
    if settings.STRIPE_FAKE:
        _check_port(settings.STRIPE_FAKE_PORT, "STRIPE_FAKE_PORT")


def migrate() -> bool:
    """Bring the database up to date and tell whether there was anything to do."""
    executor = MigrationExecutor(connection)
    # The command itself also refreshes permissions and content types, which is most of a second for nothing.
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", verbosity=0, interactive=False)
    return True


def programs() -> Iterator[Program]:
    """Yield what the shop consists of, in the order of starting."""
    logs = Path(settings.SHOP_DATA) / "logs"
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    if settings.STRIPE_FAKE:
        yield Program(name="stripe", arguments=_stripe_fake(), log=logs / "stripe.log")
    yield _web(logs / "web.log")
    yield Program(name="worker", arguments=[*manage, "run_worker"], log=logs / "worker.log")


def _stripe_fake() -> list[str]:
    return [
        sys.executable, "-m", "tools.stripe_fake",
        "--port", str(settings.STRIPE_FAKE_PORT),
        "--data", str(Path(settings.SHOP_DATA) / "stripe"),
        "--webhook-url", f"http://127.0.0.1:{settings.PORT}/api/v1/payments/webhooks/stripe/",
        "--webhook-secret", settings.STRIPE_WEBHOOK_SECRETS[0],
    ]  # fmt: skip


def _web(log: Path) -> Program:
    # SQLite has one writer, and a second process would only wait for it.
    processes = 1 if connection.vendor == "sqlite" else min(os.cpu_count() or 1, _MOST_PROCESSES)
    environment = {}
    if processes > 1:
        shared = Path(settings.SHOP_DATA) / "metrics"
        shutil.rmtree(shared, ignore_errors=True)
        shared.mkdir(parents=True)
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
    arguments = [
        sys.executable, "-m", "gunicorn", "shop.wsgi:application",
        "--bind", f"127.0.0.1:{settings.PORT}",
        "--worker-class", "gthread", "--workers", str(processes), "--threads", str(_THREADS),
        "--graceful-timeout", "5", "--keep-alive", "15", "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip
    return Program(name="web", arguments=arguments, log=log, environment=environment)


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CannotStart(
            f"The data folder {folder} can't be written ({error.strerror}). Set SHOP_DATA."
        ) from error


def _check_port(port: int, variable: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do it: a port that is only cooling down counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} is taken ({error.strerror}). Is the shop running already? "
                f"Otherwise choose another one, for instance: {variable}={port + 10} make run"
            ) from error
