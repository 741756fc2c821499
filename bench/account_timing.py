"""
Whether the time of an answer tells if an address has an account.

Every class of address (free, active, inactive, without a password) is asked for in random order, through the whole
stack but the network, on a scratch database. For each two classes it prints the area under the ROC curve (0.5: a
guess from the time is as good as a coin) and the gap between the medians. What an attacker measures over a network is
the same with noise on top.

    python -m bench.account_timing --samples 400
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSWORD = "a long walk in the woods"  # noqa: S105
WRONG = "a short walk in the woods"
EXPECTED = {"register": 201, "login": 401, "reset": 202}
KINDS = ("free", "active", "inactive", "unusable")


def main() -> None:
    """Measure and print a table for each call."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--samples", type=int, default=400, help="of each class and call")
    options.add_argument("--only", choices=sorted(EXPECTED), help="one call instead of all three")
    options.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="shop-bench-") as folder:
        _start(folder)
        print(f"seed {chosen.seed}, {chosen.samples} samples of each class")
        calls = {"register": _register, "login": _login, "reset": _reset}
        for call in [calls[chosen.only]] if chosen.only else calls.values():
            _report(call.__name__.strip("_"), _measure(call, chosen.samples, random.Random(chosen.seed)))  # noqa: S311


def _start(folder: str) -> None:
    # Limits would answer instead of what is measured; the tables must exist before the first call.
    os.environ |= {"SHOP_DATA": folder, "LIMITS_FACTOR": "1000000", "LOG_LEVEL": "ERROR"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _register(email: str) -> tuple[str, dict[str, str]]:
    return "auth/register/", {"email": email, "password": PASSWORD, "first_name": "Ada"}


def _login(email: str) -> tuple[str, dict[str, str]]:
    return "auth/login/", {"email": email, "password": WRONG}


def _reset(email: str) -> tuple[str, dict[str, str]]:
    return "auth/password/reset/", {"email": email}


def _measure(
    call: Callable[[str], tuple[str, dict[str, str]]], samples: int, chance: random.Random
) -> dict[str, list[float]]:
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    name = call.__name__.strip("_")
    tries = [*_warm_up(name), *_accounts(name, samples, chance)]
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind, email in tries:
        path, body = call(email)
        content = json.dumps(body)
        began = time.perf_counter()
        answer = client.post(f"/api/v1/{path}", content, "application/json", headers={"user-agent": "bench"})
        took = time.perf_counter() - began
        if answer.status_code != EXPECTED[name]:
            sys.exit(f"{path} answered {answer.status_code}: {answer.content[:200]!r}")
        if kind in times:
            times[kind].append(took)
    return times


def _warm_up(name: str) -> Iterator[tuple[str, str]]:
    for number in range(20):
        yield "warm-up", f"warm-{name}-{number}@example.com"


def _accounts(name: str, samples: int, chance: random.Random) -> list[tuple[str, str]]:
    """Make accounts and return what to ask for, shuffled; each address once, as the limit of mails counts them."""
    from django.contrib.auth.hashers import make_password

    from users.models import User

    stored = make_password(PASSWORD)
    tries: list[tuple[str, str]] = []
    rows: list[Any] = []
    for kind in KINDS:
        emails = [f"{kind}-{name}-{number:05}@example.com" for number in range(samples)]
        tries += [(kind, email) for email in emails]
        if kind == "free":
            continue
        password = make_password(None) if kind == "unusable" else stored
        rows += [User(email=email, password=password, is_active=kind != "inactive") for email in emails]
    User.objects.bulk_create(rows)
    chance.shuffle(tries)
    return tries


def _report(name: str, times: dict[str, list[float]]) -> None:
    print(f"\n{name}")
    for kind in KINDS:
        print(f"  {kind:<10} median {statistics.median(times[kind]) * 1000:8.2f} ms")
    for one, other in combinations(KINDS, 2):
        gap = (statistics.median(times[other]) - statistics.median(times[one])) * 1000
        print(f"  {one:>10} / {other:<10} AUC {_auc(times[one], times[other]):.3f}   gap {gap:+.2f} ms")


def _auc(one: list[float], other: list[float]) -> float:
    """Return the chance that a value of the other is greater than one of the first (Mann and Whitney's U)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(place for place, (_, group) in enumerate(ranked, start=1) if group)
    return (ranks - len(other) * (len(other) + 1) / 2) / (len(one) * len(other))


if __name__ == "__main__":
    main()
