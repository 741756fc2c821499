"""
Whether the catalogue answers as fast with a million products as with a thousand.

For each size it fills a database with ``seed_catalogue`` and asks for lists, cursor pages, details, searches and
facets, through the whole stack but the network. The sizes are asked in turn, one call each, so that whatever else the
machine does slows all of them alike, and by new processes each round, since one may be a quarter slower than another
for as long as it lives. It prints the median of each, and how much it grew from the smallest size to the
largest; a growth beyond its bound (1.5 for lists, cursor pages and details, 3 for filters, search and facets) is
marked, and the command then ends with 1. "Edited" is the first answer after an edit, which keeps the same bound.
"Cold" is with nothing remembered at all, as once in ``CATALOGUE_CACHE`` seconds; of these only searches by relevance
and their facets have a bound, since the large shop counts up to 10,000 products for the others and the small one has
fewer in all.
Below stands the processor time of the same calls, of the shop and its connection's server process, where Linux tells
it: on a busy machine it says more.

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
WARM_UP = 5
# The name of a question says what the shop remembers of it.
EDITED, COLD = ", edited", ", cold"
# Medians in milliseconds, by question and size.
Figures = dict[str, dict[int, float]]


def main() -> None:
    """Ask each size in a process of its own, and compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--sizes", default="1000,100000,1000000", help="products, ascending, with commas")
    options.add_argument(
        "--times", type=int, default=60, help="how often each is asked, in all rounds together"
    )
    options.add_argument(
        "--rounds", type=int, default=4, help="how often the processes that answer begin anew"
    )
    options.add_argument(
        "--only", default="", metavar="WORD", help="only questions that begin so: list, search, facets"
    )
    options.add_argument("--folder", help="keep the databases here, and use those that are here already")
    options.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        _answer(chosen.measure)
        return
    sizes = [int(size) for size in chosen.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="shop-bench-") as scratch:
        from tools.services import Postgres

        folder = chosen.folder or scratch
        Path(folder).mkdir(parents=True, exist_ok=True)
        server = Postgres(Path(folder)).start()
        try:
            urls = {size: _database(server, size, folder) for size in sizes}
            print(_head("median in ms", sizes))
            figures, processor = _asked(urls, folder, chosen)
            print("\n" + _head("processor time", sizes))
            for name, medians in processor.items():
                print(_line(name, medians, bounded=False))
        finally:
            server.close()
    sys.exit(int(any(_beyond(name, medians) for name, medians in figures.items())))


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


def _asked(urls: dict[int, str], folder: str, chosen: argparse.Namespace) -> tuple[Figures, Figures]:
    """Return the median of each question in milliseconds by size, and that of its processor time."""
    took: dict[str, dict[int, list[tuple[float, float]]]] = {}
    for _ in range(chosen.rounds):
        sized = {size: _Shop(size, _environment(url, folder)) for size, url in urls.items()}
        try:
            for name in next(iter(sized.values())).questions:
                if name.startswith(chosen.only):
                    answers = took.setdefault(name, {size: [] for size in sized})
                    _ask(name, sized, max(1, chosen.times // chosen.rounds), answers)
        finally:
            for shop in sized.values():
                shop.close()
    figures: tuple[Figures, Figures] = ({}, {})
    for name, answers in took.items():
        for which, found in enumerate(figures):
            found[name] = {
                size: statistics.median(once[which] for once in all_of_it)
                for size, all_of_it in answers.items()
            }
        print(_line(name, figures[0][name]), flush=True)
    return figures


def _ask(
    name: str, sized: dict[int, _Shop], times: int, answers: dict[int, list[tuple[float, float]]]
) -> None:
    """Ask each size in turn, and add what that took to the answers."""
    for turn in range(WARM_UP + times):
        for size, shop in sized.items():
            once = shop.ask(name)
            if turn >= WARM_UP:
                answers[size].append(once)


class _Shop:
    """A process with a catalogue of one size, which answers one question at a time."""

    def __init__(self, size: int, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "bench.catalogue", "--measure", str(size)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
        self._asked: Any = self._process.stdin
        self._answers: Any = self._process.stdout
        self.questions: list[str] = self._read()

    def ask(self, name: str) -> tuple[float, float]:
        """Ask once; return the milliseconds that it took, and those of a processor."""
        self._asked.write(f"{name}\n")
        self._asked.flush()
        took, processor = self._read()
        return took, processor

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _read(self) -> Any:
        line = self._answers.readline()
        if not line:
            sys.exit("A catalogue doesn't answer any more.")
        return json.loads(line)


def _environment(url: str, folder: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "SHOP_DATA": folder,
        "LIMITS_FACTOR": "1000000",
        "LOG_LEVEL": "ERROR",
    }


def _answer(size: int) -> None:
    """Print the names of the questions, and then for each that is read how long it took."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.db.models import F
    from django.test import Client

    from products.models import CatalogueState

    client = Client(SERVER_NAME="localhost")
    remembered = settings.CATALOGUE_CACHE
    questions = _questions(client, size)
    print(json.dumps(list(questions)), flush=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (server,) = cursor.fetchone()
    for line in sys.stdin:
        name = line.rstrip("\n")
        settings.CATALOGUE_CACHE = 0 if name.endswith(COLD) else remembered
        if name.endswith(EDITED):
            CatalogueState.objects.update(version=F("version") + 1)
        print(json.dumps(_timed(client, next(questions[name]), server)), flush=True)


def _questions(client: Any, size: int) -> dict[str, Iterator[str]]:
    """Return what is asked by name."""
    from products.models import Brand

    deep = _deep_page(client, pages=min(40, size // 100 - 2))
    details = itertools.cycle([f"{API}{pk}/" for pk in _visible(client, size)])
    leaf, brand = "category=seed-1-13", Brand.objects.values_list("name", flat=True).order_by("pk")[0]
    lists = {
        "list": "",
        "list by price": "?ordering=price",
        "list by name": "?ordering=name",
        "list by rating": "?ordering=rating",
        "list of a category": f"?{leaf}",
        "list of a category, cheapest": f"?{leaf}&ordering=price",
        "list of a top category": "?category=seed-1",
        "list in stock, 20 to 90": "?in_stock=true&price_min=20&price_max=90",
        "list of a brand": f"?brand={brand}",
        "list of no brand": "?brand=Nobody",
        "list of a material": "?attr.Material=Oak",
    }
    asked: dict[str, Iterator[str]] = {}

    def ask(name: str, path: str) -> None:
        asked.update({name + state: itertools.repeat(path) for state in ("", EDITED, COLD)})

    for name, query in lists.items():
        ask(name, API + query)
    asked["cursor page"] = itertools.repeat(deep)
    asked["detail"] = details
    searches = {query: query for query in ("walnut", "walnut lam", "round walnt lamp", "seed-500")}
    for name, query in {**searches, "oak, cheapest": "oak&ordering=price"}.items():
        ask(f"search: {name}", f"{API}?q={query.replace(' ', '+')}")
    for name, query in {
        "facets": "",
        "facets of a category": f"?{leaf}",
        "facets: walnut lamp": "?q=walnut+lamp",
    }.items():
        ask(name, f"{API}facets/{query}")
    ask("categories", "/api/v1/categories/")
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


def _timed(client: Any, path: str, server: int) -> tuple[float, float]:
    """Return the milliseconds that a call took, and those of a processor, here and in the server's process."""
    began, busy = time.perf_counter(), _processor(server)
    answer = client.get(path)
    took, worked = time.perf_counter() - began, _processor(server) - busy
    if answer.status_code != 200:
        # Given up after its time limit: beyond every bound, and no reason to lose the other figures.
        print(f"{path} answered {answer.status_code}", file=sys.stderr)
    return took * 1000, worked * 1000


def _processor(server: int) -> float:
    """Return the seconds that this process and another have worked."""
    told = Path(f"/proc/{server}/schedstat")
    return time.process_time() + (int(told.read_text().split()[0]) / 1e9 if told.exists() else 0)


def _bound(name: str) -> float | None:
    if name.endswith(COLD) and (not name.startswith(("search:", "facets:")) or "cheapest" in name):
        return None
    plain = name.removesuffix(EDITED)
    return FLAT if plain in ("list", "cursor page", "detail") or plain.startswith("list by") else WIDE


def _beyond(name: str, medians: dict[int, float]) -> bool:
    bound = _bound(name)
    return bound is not None and _growth(medians) > bound


def _growth(medians: dict[int, float]) -> float:
    sizes = list(medians)
    return medians[sizes[-1]] / medians[sizes[0]]


def _head(what: str, sizes: list[int]) -> str:
    return what.ljust(34) + "".join(f"{size:>12,}" for size in sizes) + "      growth"


def _line(name: str, medians: dict[int, float], *, bounded: bool = True) -> str:
    cells = "".join(f"{median:12.1f}" for median in medians.values())
    mark = f"  beyond {_bound(name)}" if bounded and _beyond(name, medians) else ""
    return name.ljust(34) + cells + f"{_growth(medians):11.2f}×" + mark


if __name__ == "__main__":
    main()
