"""
Whether lists of orders answer as fast with a million orders as with a thousand.

For each size it fills a database with copies of one real order (``orders.tests.many``) and asks for a customer's list
and for those of staff, through the whole stack but the network. It prints the median of each, and how much it grew
from the smallest size to the largest; growth beyond its bound (2 for lists without filters, 3 for others) is marked,
and the command then ends with 1. A list counts up to 10,000 orders, so those that a thousand don't have are part of the
growth. The SKU that a third of all orders have, and the file, of which the first rows are read once, have no bound.

    python -m bench.orders --sizes 1000,100000,1000000

PostgreSQL is started for it, on a folder that is thrown away, or kept and used again with ``--folder``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

API = "/api/v1/orders/"
FLAT, WIDE = 2.0, 3.0
# Enough rows of the file to know how fast the others come.
EXPORTED = 20_000
CUSTOMER, STAFF = "customer@example.com", "staff@example.com"
LISTS = {
    "customer's list": "",
    "staff: newest": "staff/",
    "staff: status=confirmed": "staff/?status=confirmed",
    "staff: status=expired": "staff/?status=expired",
    "staff: payment_status=failed": "staff/?payment_status=failed",
    "staff: fulfilment_status=partial": "staff/?fulfilment_status=partial",
    "staff: by e-mail": "staff/?q=shopper7%40example.com",
    "staff: by its beginning": "staff/?q=shopper77",
    "staff: by number": "staff/?q=N000000777",
    "staff: by SKU": "staff/?q=sku-17",
    "staff: by a SKU of a third": "staff/?q=popular",
    "staff: by total": "staff/?total_min=504.00",
    "staff: all totals": "staff/?total_min=1.00",
}


def main() -> None:
    """Measure each size in a process of its own, and compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--sizes", default="1000,100000", help="orders, ascending, with commas")
    options.add_argument("--times", type=int, default=40, help="how often each is asked")
    options.add_argument("--folder", help="keep the databases here, and use those that are here already")
    options.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.fill or chosen.measure:
        _set_up()
        print(json.dumps(_measure(chosen.times) if chosen.measure else _fill(chosen.fill)))
        return
    sizes = [int(size) for size in chosen.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="shop-bench-") as scratch:
        from tools.services import Postgres

        folder = chosen.folder or scratch
        Path(folder).mkdir(parents=True, exist_ok=True)
        server = Postgres(Path(folder)).start()
        try:
            urls = {size: _database(server, size, folder) for size in sizes}
            figures = {size: _own("--measure", size, url, folder, chosen.times) for size, url in urls.items()}
        finally:
            server.close()
    sys.exit(_report(figures))


def _database(server: Any, size: int, folder: str) -> str:
    """Make and fill a database, and return its address."""
    import psycopg2

    name = f"orders_{size}"
    url = str(server.database_url(name))
    made = psycopg2.connect(server.url)
    made.autocommit = True
    asking = made.cursor()
    asking.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    known = asking.fetchone() is not None
    if not known:
        asking.execute(f"CREATE DATABASE {name}")
    made.close()
    if known:
        return url
    began = time.perf_counter()
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, env=_environment(url, folder))
    _own("--fill", size, url, folder, 1)
    print(f"{size} orders were written in {time.perf_counter() - began:.0f} s", flush=True)
    # As after a night: what was written is read without having to be looked at for the first time.
    settled = psycopg2.connect(url)
    settled.autocommit = True
    settled.cursor().execute("VACUUM ANALYZE")
    settled.close()
    return url


def _own(what: str, size: int, url: str, folder: str, times: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.orders", what, str(size), "--times", str(times)]
    done = subprocess.run(
        command, check=True, env=_environment(url, folder), stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _environment(url: str, folder: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "SHOP_DATA": folder,
        "LIMITS_FACTOR": "1000000",
        "LOG_LEVEL": "ERROR",
    }


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    import django
    from django.test.utils import override_settings

    django.setup()
    override_settings(ALLOWED_HOSTS=["*"]).enable()


def _fill(size: int) -> dict[str, float]:
    from orders.tests.factories import place
    from orders.tests.many import fill
    from products.tests.factories import variant
    from users.tests.factories import SuperuserFactory, UserFactory

    SuperuserFactory(email=STAFF)
    fill(size, template=place(variant(), variant()), user=UserFactory(email=CUSTOMER).pk)
    return {}


def _measure(times: int) -> dict[str, float]:
    """Return the median of each list in milliseconds."""
    from users.models import User
    from users.tests.clients import client_of

    clients: dict[str, Any] = {email: client_of(User.objects.get(email=email)) for email in (CUSTOMER, STAFF)}
    figures = {}
    for name, path in LISTS.items():
        client = clients[CUSTOMER if name.startswith("customer") else STAFF]
        figures[name] = round(_median(client, API + path, times), 1)
    deep = f"{API}staff/?page_size=100"
    for _ in range(8):
        deep = clients[STAFF].get(deep).json()["next"]
    figures["staff: cursor page"] = round(
        _median(clients[STAFF], deep.replace("page_size=100", "page_size=20"), times), 1
    )
    began = time.perf_counter()
    rows = 0
    for piece in clients[STAFF].get(f"{API}export/").streaming_content:
        rows += piece.count(b"\n")
        if rows > EXPORTED:
            break
    figures["export: rows a second"] = round(rows / (time.perf_counter() - began), 1)
    return figures


def _median(client: Any, path: str, times: int) -> float:
    def once() -> float:
        began = time.perf_counter()
        answer = client.get(path)
        took = time.perf_counter() - began
        if answer.status_code != 200:
            sys.exit(f"{path} answered {answer.status_code}: {answer.content[:200]!r}")
        return took * 1000

    for _ in range(3):
        once()
    return statistics.median(once() for _ in range(times))


def _bound(name: str) -> float | None:
    if name.startswith("export") or "popular" in LISTS.get(name, ""):
        return None
    return FLAT if name in ("customer's list", "staff: newest", "staff: cursor page") else WIDE


def _report(figures: dict[int, dict[str, float]]) -> int:
    sizes = list(figures)
    print("\n" + "median in ms".ljust(34) + "".join(f"{size:>12,}" for size in sizes) + "      growth")
    beyond = 0
    for name, smallest in figures[sizes[0]].items():
        growth, bound = figures[sizes[-1]][name] / smallest, _bound(name)
        over = bound is not None and growth > bound
        beyond += over
        cells = "".join(f"{figures[size][name]:12.1f}" for size in sizes)
        print(name.ljust(34) + cells + f"{growth:11.2f}×" + (f"  beyond {bound}" if over else ""))
    return int(beyond > 0)


if __name__ == "__main__":
    main()
