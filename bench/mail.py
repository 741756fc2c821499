"""
How many mails a second one sender hands over.

Mails about a real order and about an account, half each, wait in a PostgreSQL of its own; the sender writes and sends
them to a mail server in another process that takes everything at once. The limit per second is out of the way.

    python -m bench.mail --mails 400
    python -m bench.mail --mails 400 --profile     # and where the time went
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any


def main() -> None:
    """Start the servers, write the messages, send them, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--mails", type=int, default=400)
    options.add_argument("--profile", action="store_true", help="print the functions that took longest")
    options.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        _serve(chosen.serve)
        return
    with ExitStack() as stack:
        _start(stack)
        # The first mails pay for templates, catalogues and styles that are read once.
        _write(20)
        _send(20)
        _write(chosen.mails)
        profile = cProfile.Profile()
        if chosen.profile:
            profile.enable()
        wall, processor = _send(chosen.mails)
        profile.disable()
        print(
            f"{chosen.mails} mails: {chosen.mails / wall:.0f} a second;"
            f" {wall / chosen.mails * 1000:.1f} ms each,"
            f" {processor / chosen.mails * 1000:.1f} ms of them processor time"
        )
        if chosen.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(70)


def _start(stack: ExitStack) -> None:
    from tools.services import Postgres
    from tools.services.base import free_port

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shop-bench-")))
    database = Postgres(durable=True)
    database.start()
    stack.callback(database.close)
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.mail", "--serve", str(port)], stdout=subprocess.PIPE
    )
    stack.callback(server.wait)
    stack.callback(server.kill)
    if server.stdout:
        server.stdout.readline()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="shop.settings",
        SHOP_DATA=str(folder),
        LOG_LEVEL="ERROR",
        DATABASE_URL=database.url,
        EMAIL_URL=f"smtp://127.0.0.1:{port}",
        MAIL_PER_SECOND="100000",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _serve(port: int) -> None:
    import logging
    import threading

    from aiosmtpd.controller import Controller

    logging.getLogger("mail.log").setLevel(logging.WARNING)

    class Taker:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            return "250 OK"

    Controller(Taker(), hostname="127.0.0.1", port=port).start()
    print("ready", flush=True)
    threading.Event().wait()


def _write(count: int) -> None:
    from django.db import transaction
    from django.utils import timezone

    from notifications import services
    from notifications.services import To
    from orders.tests.factories import place
    from products.tests.factories import variant
    from shop.core.ids import new_id
    from users.tests.factories import UserFactory

    order, user = place(variant(), variant()), UserFactory()
    with transaction.atomic():
        for number in range(count):
            about_order = number % 2
            services.enqueue(
                event_id=new_id(),
                template="order_placed" if about_order else "verify_email",
                to=To.order(order.pk) if about_order else To.user(user.pk),
                order_id=order.pk if about_order else None,
                now=timezone.now(),
            )


def _send(count: int) -> tuple[float, float]:
    from django.utils import timezone

    from notifications import sender

    wall, processor = time.monotonic(), time.process_time()
    sent = 0
    # As the worker's job calls it.
    while sent < count:
        just_sent = sender.send_due(now=timezone.now())
        if not just_sent:
            from notifications.models import EmailMessage

            sys.exit(f"stuck: {list(EmailMessage.objects.values_list('state', 'error').distinct())}")
        sent += just_sent
    return time.monotonic() - wall, time.process_time() - processor


if __name__ == "__main__":
    main()
