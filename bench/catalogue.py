"""
Whether the catalogue answers as fast with a million products as with a thousand.

For each size it fills a database with ``seed_catalogue`` and asks for lists, cursor pages, details, searches and
facets, through the whole stack but the network. It prints the median of each, and how much it grew from the smallest
size to the largest; a growth beyond its bound (1.5 for lists, cursor pages and details, 3 for filters, search and
facets) is marked, and the command then ends with 1. "First" is with nothing remembered, as right after an edit.

    python -m bench.catalogue --sizes 1000,100000,1000000

PostgreSQL is started for it, on a folder that is thrown away, or kept and used again with ``--folder``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

API = "/api/v1/products/"
FLAT, WIDE = 1.5, 3.0


def main() -> None:
    """Measure each size in a process of its own, and compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--sizes", default="1000,100000,1000000", help="products, ascending, with commas")
    options.add_argument("--times", type=int, default=60, help="how often each is asked")
    options.add_argument(
        "--only", default="", metavar="WORD", help="only questions that begin so: list, search, facets"
    )
    options.add_argument("--folder", help="keep the databases here, and use those that are here already")
    options.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(_measure(chosen.measure, chosen.times, chosen.only)))
        return
    sizes = [int(size) for size in chosen.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="shop-bench-") as scratch:
        from tools.services import Postgres

        folder = chosen.folder or scratch
        Path(folder).mkdir(parents=True, exist_ok=True)
        server = Postgres(Path(folder)).start()
        try:
            urls = {size: _database(server, size, folder) for size in sizes}
            figures = {size: _asked(size, url, folder, chosen) for size, url in urls.items()}
        finally:
            server.close()
    sys.exit(_report(figures))


def _database(server: Any, size: int, folder: str) -> str:
    """Make and fill a database, and return its address."""
    import psycopg2

    name = f"products_{size}"
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
    for command in (["migrate", "-v0"], ["seed_catalogue", "--products", str(size)]):
        subprocess.run([sys.executable, "manage.py", *command], check=True, env=_environment(url, folder))
    print(f"{size} products were written in {time.perf_counter() - began:.0f} s", flush=True)
    # As after a night: what was written is read without having to be looked at for the first time.
    settled = psycopg2.connect(url)
    settled.autocommit = True
    settled.cursor().execute("VACUUM ANALYZE")
    settled.close()
    return url


def _asked(size: int, url: str, folder: str, chosen: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.catalogue", "--measure", str(size), "--times", str(chosen.times)]
    command += ["--only", chosen.only]
    done = subprocess.run(
        command, check=True, env=_environment(url, folder), stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"{size}: {json.dumps(figures)}", flush=True)
    return figures


def _environment(url: str, folder: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "SHOP_DATA": folder,
        "LIMITS_FACTOR": "1000000",
        "LOG_LEVEL": "ERROR",
    }


def _measure(size: int, times: int, only: str) -> dict[str, float]:
    """Return the median of each question in milliseconds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    remembered = settings.CATALOGUE_CACHE
    figures = {}
    for name, (first, paths) in _questions(client, size).items():
        if not name.startswith(only):
            continue
        settings.CATALOGUE_CACHE = 0 if first else remembered
        figures[name] = round(_median(client, paths, times), 1)
    return figures


def _questions(client: Any, size: int) -> dict[str, tuple[bool, Iterator[str]]]:
    """Return what is asked by name, and whether nothing is remembered for it."""
    deep = _deep_page(client, pages=min(40, size // 100 - 2))
    details = itertools.cycle([f"{API}{pk}/" for pk in _visible(client, size)])
    leaf = "category=seed-1-13"
    lists = {
        "list": "",
        "list by price": "?ordering=price",
        "list by name": "?ordering=name",
        "list by rating": "?ordering=rating",
        "list of a category": f"?{leaf}",
        "list in stock, 20 to 90": "?in_stock=true&price_min=20&price_max=90",
        "list of a material": "?attr.Material=Oak",
    }
    asked: dict[str, tuple[bool, Iterator[str]]] = {}
    for name, query in lists.items():
        asked[name] = (False, itertools.repeat(API + query))
        asked[f"{name}, first"] = (True, itertools.repeat(API + query))
    asked["cursor page"] = (False, itertools.repeat(deep))
    asked["detail"] = (False, details)
    searches = {query: query for query in ("walnut", "walnut lam", "round walnt lamp", "seed-500")}
    for name, query in {**searches, "oak, cheapest": "oak&ordering=price"}.items():
        path = f"{API}?q={query.replace(' ', '+')}"
        asked[f"search: {name}"] = (False, itertools.repeat(path))
        asked[f"search: {name}, first"] = (True, itertools.repeat(path))
    for name, query in {
        "facets": "",
        "facets of a category": f"?{leaf}",
        "facets: walnut lamp": "?q=walnut+lamp",
    }.items():
        asked[name] = (False, itertools.repeat(f"{API}facets/{query}"))
        asked[f"{name}, first"] = (True, itertools.repeat(f"{API}facets/{query}"))
    asked["categories"] = (False, itertools.repeat("/api/v1/categories/"))
    return asked


def _deep_page(client: Any, *, pages: int) -> str:
    path = f"{API}?page_size=100"
    for _ in range(pages):
        path = _asked_once(client, path)["next"]
    return path.replace("page_size=100", "page_size=20")


def _visible(client: Any, size: int) -> list[int]:
    ids = ",".join(str(1 + number * size // 100) for number in range(100))
    return [product["id"] for product in _asked_once(client, f"{API}?ids={ids}&page_size=100")["results"]]


def _asked_once(client: Any, path: str) -> Any:
    answer = client.get(path)
    if answer.status_code != 200:
        sys.exit(f"{path} answered {answer.status_code}: {answer.content[:200]!r}")
    return answer.json()


def _median(client: Any, paths: Iterator[str], times: int) -> float:
    def once() -> float:
        path = next(paths)
        began = time.perf_counter()
        answer = client.get(path)
        took = time.perf_counter() - began
        if answer.status_code != 200:
            # Given up after its time limit: beyond every bound, and no reason to lose the other figures.
            print(f"{path} answered {answer.status_code}", file=sys.stderr)
        return took * 1000

    for _ in range(5):
        once()
    return statistics.median(once() for _ in range(times))


def _bound(name: str) -> float | None:
    if name.endswith(", first"):
        return None
    return FLAT if name in ("list", "cursor page", "detail") or name.startswith("list by") else WIDE


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
