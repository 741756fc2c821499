"""
Kills relays, consumers and the sender of mail while events flow, and says by the ledgers whether any was lost.

    python -m tools.chaos.events --events 100000

Two relays, two consumers of a group and a sender run as processes of their own, against Apache Kafka, PostgreSQL and a
mail server that refuses and cuts now and then. They are killed with SIGKILL at random moments and at each failpoint,
and started again; at the end everything must have arrived: exit 1 if not. The seed repeats the blows.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tools.services import Kafka, Postgres, Service


def main() -> int:
    """Start what is missing, set the environment, and run."""
    options = parser().parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shop-chaos-")))
        database = options.database or _started(stack, Postgres())
        brokers = options.brokers or _started(stack, Kafka(quick=False))
        os.environ.update(
            DJANGO_SETTINGS_MODULE="shop.settings",
            SHOP_DATA=str(folder),
            LOG_LEVEL="WARNING",
            DATABASE_URL=database,
            KAFKA_BOOTSTRAP_SERVERS=brokers,
            EVENTS_BACKEND="kafka",
            MAIL_PER_SECOND="1000",
        )
        # The environment has to stand first, the mail server's address too.
        from tools.chaos.mailbox import Mailbox  # noqa: PLC0415

        mailbox = stack.enter_context(Mailbox(options.seed))
        os.environ["EMAIL_URL"] = mailbox.url
        from tools.chaos.run import run  # noqa: PLC0415

        return run(options, mailbox, folder)


def parser() -> argparse.ArgumentParser:
    """Return what the command takes."""
    found = argparse.ArgumentParser(
        "python -m tools.chaos.events", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    found.add_argument("--events", type=int, default=2000)
    found.add_argument("--keys", type=int, help="how many things they are about (a twentieth of the events)")
    found.add_argument(
        "--mails", type=float, default=0.1, help="the share of events that owe a mail (%(default)s)"
    )
    found.add_argument(
        "--kills", type=int, default=30, help="how many (%(default)s); nine of them at failpoints"
    )
    found.add_argument("--flaps", type=int, default=0, help="how often the broker is away for a moment")
    found.add_argument("--flap", type=float, default=3.0, help="how many seconds that takes (%(default)s)")
    found.add_argument("--down", type=float, default=0.0, help="how many seconds the broker is away once")
    found.add_argument(
        "--stopped", type=float, default=0.0, help="how many seconds the leading relay is stopped"
    )
    found.add_argument(
        "--plant", choices=("lost", "phantom", "disorder", "mail"), help="one fault, to be found"
    )
    found.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    found.add_argument(
        "--hurry", action="store_true", help="move leases and pauses instead of waiting for them"
    )
    found.add_argument("--database", help="a migrated PostgreSQL without events, instead of one of its own")
    found.add_argument("--brokers", help="a Kafka, instead of one of its own")
    return found


def _started(stack: ExitStack, service: Service) -> str:
    service.start()
    stack.callback(service.close)
    return service.url


if __name__ == "__main__":
    sys.exit(main())
