"""
How soon a burst of Stripe's webhooks is answered, and how soon all of it is settled.

Orders are placed and paid at the local fake of Stripe without a word to the shop. Then a real web process (gunicorn as
`make run` starts it) and a worker run on PostgreSQL, and the events come as Stripe would send them: signed, so many a
second, one in ten twice. Each answer's time counts from the moment its event was due, so that waiting to be sent is
part of it. The answer is to be there within 200 ms for 99 of 100.

    python -m bench.webhooks --rate 200 --seconds 3
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

HOST, PATH = "127.0.0.1", "/api/v1/payments/webhooks/stripe/"
SECRET = "whsec_bench"  # noqa: S105
# What Stripe takes for late; the target is far below.
TARGET_MS = 200
# One event in so many comes a second time, a few places later.
TWICE, LATER = 10, 7
SENDERS = 64
# Orders of one variant wait for each other's stock.
VARIANTS = 20
# So many come before, a few a second: the processes and their threads aren't new to it.
BEFORE, BEFORE_RATE = 40, 10


def main() -> None:
    """Prepare, send, wait until all is settled, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rate", type=int, default=200, help="webhooks a second")
    options.add_argument("--seconds", type=int, default=3, help="how long the burst lasts")
    options.add_argument("--workers", type=int, default=2, help="processes of gunicorn")
    chosen = options.parse_args()
    count = chosen.rate * chosen.seconds
    with ExitStack() as stack:
        folder, ports = _start(stack)
        events = _paid_orders(BEFORE + count - count // (TWICE + 1), folder)
        web = _serve(stack, ports, chosen.workers, folder)
        _send(events[:BEFORE], ports["web"], BEFORE_RATE)
        _wait(BEFORE)
        told = _with_twins(events[BEFORE:])[:count]
        before = _processor(web)
        answers, lasted = _send(told, ports["web"], chosen.rate)
        used = (_processor(web) - before) / len(told) * 1000
        print(f"the web processes took {used:.1f} ms of a processor for each webhook", flush=True)
        settled = _wait(BEFORE + len({event["id"] for event in told}))
        status = _report(answers, lasted, settled, len(events))
    sys.exit(status)


def _start(stack: ExitStack) -> tuple[Path, dict[str, int]]:
    from tools.services import Postgres
    from tools.services.base import free_port

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shop-bench-")))
    database = Postgres(durable=True).start()
    stack.callback(database.close)
    ports = {"web": free_port(), "stripe": free_port()}
    os.environ.update(
        DJANGO_SETTINGS_MODULE="shop.settings",
        SHOP_DATA=str(folder),
        LOG_LEVEL="ERROR",
        DATABASE_URL=database.url,
        STRIPE_API_BASE=f"http://{HOST}:{ports['stripe']}",
        STRIPE_SECRET_KEY="sk_test_bench",  # noqa: S106
        STRIPE_PUBLISHABLE_KEY="pk_test_bench",
        STRIPE_WEBHOOK_SECRET=SECRET,
        EMAIL_URL="dummymail://",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return folder, ports


def _paid_orders(count: int, folder: Path) -> list[dict[str, Any]]:
    """Place orders and pay them at a fake in this process, which keeps its books; return the events of success."""
    from django.utils import timezone

    from orders.tests.factories import place
    from payments import services, stripe_client
    from payments.models import Payment
    from products.tests.factories import variant
    from tests.machine.bank import Bank
    from tools.stripe_fake import StripeFake

    bank = Bank()
    bank.fake = fake = StripeFake(data=folder / "stripe", webhook_secret=SECRET)
    stripe_client.client_for = bank.client  # type: ignore[assignment]
    began = time.monotonic()
    goods = [variant(now=timezone.now(), on_hand=count) for _ in range(VARIANTS)]
    for number in range(count):
        now = timezone.now()
        order = place(goods[number % VARIANTS], now=now)
        started = services.start_payment(order_id=order.pk, now=now)
        bank.confirm(
            Payment.objects.values_list("pi_id", flat=True).get(pk=started.payment_id) or "", "pm_card_visa"
        )
    events = [event for event in fake.ledger("event") if event["type"] == "payment_intent.succeeded"]
    fake._world.ledger.close()
    print(f"{count} orders were placed and paid at Stripe in {time.monotonic() - began:.0f} s", flush=True)
    return [{name: value for name, value in event.items() if name != "_made_by"} for event in events]


def _serve(stack: ExitStack, ports: dict[str, int], workers: int, folder: Path) -> int:
    """Start Stripe, worker and web; return the pid of gunicorn."""
    from tools.services.base import wait_until

    web = [
        "-m", "gunicorn", "shop.wsgi:application", "--bind", f"{HOST}:{ports['web']}", "--worker-class", "gthread",
        "--workers", str(workers), "--threads", "8", "--keep-alive", "15", "--no-control-socket",
        "--log-level", "warning",
    ]  # fmt: skip
    stripe = ["-m", "tools.stripe_fake", "--port", str(ports["stripe"]), "--data", str(folder / "stripe")]
    for arguments in (stripe, ["manage.py", "run_worker"], web):
        program = subprocess.Popen([sys.executable, *arguments])
        stack.callback(program.wait)
        stack.callback(program.terminate)

    def answers() -> bool:
        try:
            urllib.request.urlopen(f"http://{HOST}:{ports['web']}/health/live/", timeout=2).close()
            urllib.request.urlopen(f"http://{HOST}:{ports['stripe']}/_fake/health", timeout=2).close()
        except OSError:
            return False
        return True

    if not wait_until(answers, seconds=60, every=0.2):
        raise SystemExit("The shop doesn't answer.")
    return program.pid


def _processor(pid: int) -> float:
    """Return the seconds of a processor that a process and its children have taken, where Linux tells."""
    total = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            values = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if pid in (int(file.parent.name), int(values[1])):
            total += int(values[11]) + int(values[12])
    return total / os.sysconf("SC_CLK_TCK")


def _with_twins(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for number, event in enumerate(events):
        told.append(event)
        if number % TWICE == 0 and number >= LATER:
            told.append(events[number - LATER])
    return told


def _send(told: list[dict[str, Any]], port: int, rate: int) -> tuple[list[tuple[int, float]], float]:
    """Send each event when it is due; return status and milliseconds of each answer, and how long it all took."""
    from tools.stripe_fake.deliveries import sign

    bodies = [json.dumps(event).encode() for event in told]
    signed = [(body, sign(body, SECRET)) for body in bodies]
    mine = threading.local()

    def connect() -> None:
        # Stripe has its connections too.
        mine.connection = _connection(port)
        mine.connection.connect()

    def send(number: int) -> tuple[int, float]:
        due = began + number / rate
        time.sleep(max(due - time.monotonic(), 0))
        status = _post(mine.connection, *signed[number])
        return status, (time.monotonic() - due) * 1000

    with ThreadPoolExecutor(SENDERS, initializer=connect) as pool:
        began = time.monotonic() + 0.5
        answers = list(pool.map(send, range(len(signed))))
    return answers, time.monotonic() - began


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(HOST, port, timeout=30)


def _post(connection: http.client.HTTPConnection, body: bytes, signature: str) -> int:
    headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
    connection.request("POST", PATH, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _wait(count: int) -> list[tuple[float, int]]:
    """Return after how many seconds how many events were settled, until all are or nothing has moved for a minute."""
    from payments.models import StripeEvent

    began = moved = time.monotonic()
    seen: list[tuple[float, int]] = []
    while True:
        done = StripeEvent.objects.filter(processed_at__isnull=False).count()
        if not seen or done > seen[-1][1]:
            moved = time.monotonic()
            seen.append((moved - began, done))
        if done >= count or time.monotonic() - moved > 60:
            return seen
        time.sleep(0.1)


def _report(
    answers: list[tuple[int, float]], lasted: float, settled: list[tuple[float, int]], orders: int
) -> int:
    from payments.models import Payment, StripeEvent

    times = sorted(milliseconds for _, milliseconds in answers)
    cuts = statistics.quantiles(times, n=100)
    statuses = Counter(status for status, _ in answers)
    late = "" if cuts[98] <= TARGET_MS else f"   later than {TARGET_MS} ms"
    said = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    print(f"{len(answers)} webhooks at {len(answers) / lasted:.0f} a second: {said}")
    print(f"  answered   p50 {cuts[49]:.0f} ms   p99 {cuts[98]:.0f} ms   worst {times[-1]:.0f} ms{late}")
    print(
        f"  settled    {settled[0][1]} with the last answer, all {settled[-1][1]} after {settled[-1][0]:.1f} s more"
    )
    paid, events = Payment.objects.filter(pays_order=True).count(), StripeEvent.objects.count()
    print(f"  {paid} of {orders} orders are paid, {events} events are stored")
    return 0 if set(statuses) == {200} and paid == orders and not late else 1


if __name__ == "__main__":
    main()
