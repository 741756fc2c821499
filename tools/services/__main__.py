"""Runs PostgreSQL, Kafka and Redis for development and prints how to use them, until Ctrl-C: `make services`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.services import KINDS, Kafka, Postgres, Redis, Service, ServiceFailed, ServiceMissing, StripeMock

# What a shop is developed with; stripe-mock remembers nothing, so no shop can run on it.
FOR_DEVELOPMENT = [name for name in KINDS if name != StripeMock.name]


def main() -> int:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(prog="python -m tools.services", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which to run: {', '.join(FOR_DEVELOPMENT)} (all)")
    parser.add_argument(
        "--folder", type=Path, default=Path("var/services"), help="where data is kept (%(default)s)"
    )
    parser.add_argument(
        "--check", action="store_true", help="only say why the named ones can't run here; 1 if so"
    )
    options = parser.parse_args()
    names = options.names or FOR_DEVELOPMENT
    unknown = sorted(set(names) - set(FOR_DEVELOPMENT))
    if unknown:
        parser.error(f"no such service: {', '.join(unknown)}")
    return check(names) if options.check else run(names, options.folder.resolve())


def check(names: list[str]) -> int:
    """Print why services can't run on this machine; return 1 if there is such a one."""
    missing = [f"{name}: {reason}" for name in names if (reason := KINDS[name].available())]
    print("\n".join(missing), end="\n" if missing else "")
    return 1 if missing else 0


def made(name: str, folder: Path) -> Service:
    """Return a service for development: it keeps its data safe, and is built for speed and not for a quick start."""
    if name == Postgres.name:
        return Postgres(folder, durable=True)
    return Kafka(folder, quick=False) if name == Kafka.name else Redis(folder)


def run(names: list[str], folder: Path) -> int:
    """Start the services, print their settings, wait for Ctrl-C or until one dies, and stop them."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    services = [made(name, folder / name) for name in names]
    with ThreadPoolExecutor(len(services)) as pool:
        started = [service for service, up in zip(services, pool.map(start, services), strict=True) if up]
        say(f"# {len(started)} of {len(services)} run, data in {folder}; Ctrl-C stops them.")
        while started and not stopping.wait(0.2):
            dead = [service.name for service in started if not service.running]
            if dead:
                say(f"# {', '.join(dead)} ended by itself: see log.txt in its folder. Stopping the rest.")
                break
        list(pool.map(lambda service: service.close(), services))
    return 0 if stopping.is_set() else 1


def start(service: Service) -> bool:
    """Start one service and print its setting, or why it doesn't run; return whether it does."""
    begin = time.monotonic()
    try:
        service.start()
    except (ServiceMissing, ServiceFailed) as error:
        say("".join(f"# left out: {line}\n" for line in str(error).splitlines()).rstrip())
        return False
    say(f"export {service.variable}={service.url}  # {service.name}, up in {time.monotonic() - begin:.1f} s")
    return True


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
