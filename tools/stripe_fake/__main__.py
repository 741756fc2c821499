"""`python -m tools.stripe_fake`: run the fake until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from tools.stripe_fake import StripeFake


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tools.stripe_fake", description="A local fake of Stripe's API."
    )
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one (default 8001)")
    parser.add_argument("--data", type=Path, help="folder that keeps the state; without it nothing is kept")
    parser.add_argument("--webhook-url", help="where events are sent")
    parser.add_argument("--webhook-secret", default="whsec_fake", help="what they are signed with")
    parser.add_argument(
        "--settle-after", type=float, default=3.0, help="seconds an asynchronous payment takes"
    )
    parser.add_argument("--verbose", action="store_true", help="log every request")
    options = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    fake = StripeFake(
        port=options.port,
        data=options.data,
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
        settle_after=options.settle_after,
    )
    try:
        fake.start()
    except OSError as error:
        sys.stderr.write(f"The fake cannot listen on port {options.port}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"Fake Stripe ready at {fake.base_url}\n")
    sys.stdout.flush()
    stop.wait()
    fake.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
