"""
How fast products go in and out as CSV, and how much memory that takes.

A file of variants is written, imported into an empty shop, imported again, imported with every price changed, and
exported; on SQLite, and on PostgreSQL where it is installed. Memory is the most that the process ever had, less what
it had before the first import: caches fill up (search keeps 100,000 stems of words), and beyond them it should not
grow with the file. With ``--whole`` it is the most that a whole ``manage.py import_products`` ever had, from its start
to its end: once for new products and once for new prices of all.

    python -m bench.product_import --rows 20000 [--whole]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

SIZES, COLOURS = ("S", "M", "L", "XL"), ("Red", "Green", "Blue")
WORDS = [
    "oak", "ash", "lamp", "desk", "chair", "brass", "linen", "wool", "shade", "frame", "table", "round", "tall", "warm",
]  # fmt: skip
RUNS = ("first", "again", "new prices", "export")


def main() -> None:
    """Measure on both databases, or what a child is asked to."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rows", type=int, default=20_000, help="of the file; one a variant")
    options.add_argument("--only", choices=("sqlite", "postgres"), help="one database instead of both")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument(
        "--whole", action="store_true", help="only the memory of the command as a process of its own"
    )
    options.add_argument("--command", nargs="+", help=argparse.SUPPRESS)
    options.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(_measure(chosen.measure)))
        return
    if chosen.command:
        _as_manage(chosen.command)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shop-bench-")))
        rows = list(_rows(chosen.rows, random.Random(chosen.seed)))  # noqa: S311
        _write(folder / "file.csv", rows)
        _write(folder / "prices.csv", [{**row, "price": f"{float(row['price']) + 1:.2f}"} for row in rows])
        size = (folder / "file.csv").stat().st_size
        print(f"{len(rows)} rows, {len({row['handle'] for row in rows})} products, {size / 1e6:.1f} MB")
        for database in [chosen.only] if chosen.only else ["sqlite", "postgres"]:
            environment = _environment(database, folder, stack)
            if isinstance(environment, str):
                print(f"\n{database}\n  left out: {environment}")
            elif chosen.whole:
                _whole(database, folder, environment)
            else:
                _report(database, len(rows), _child(folder, environment))


def _rows(count: int, chance: random.Random) -> Any:
    """Yield variants: a third of the products has one, the others several."""
    number = made = 0
    while made < count:
        number += 1
        options = [(s, c) for s in SIZES for c in COLOURS][: chance.choice((1, 4, 12))]
        about = {
            "name": f"{chance.choice(WORDS)} {chance.choice(WORDS)} {number}".title(),
            "description": f"<p>{' '.join(chance.choices(WORDS, k=60))}</p>",
            "category": f"{chance.choice(WORDS)} > {chance.choice(WORDS)}".title(),
            "brand": f"Brand {chance.randrange(50)}",
            "published": "true",
            "attr.Material": chance.choice(WORDS),
            "attr.Width": str(chance.randrange(10, 200)),
        }
        for place, (size, colour) in enumerate(options[: count - made]):
            made += 1
            several = {"option1_value": size, "option2_value": colour} if len(options) > 1 else {}
            names = {"option1_name": "Size", "option2_name": "Colour"} if several else {}
            yield {
                "handle": f"product-{number}",
                **(about if place == 0 else {}),
                **names,
                **several,
                "sku": f"P{number}-{place}",
                "price": f"{chance.randrange(100, 90000) / 100:.2f}",
                "on_hand": str(chance.randrange(0, 50)),
            }


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _environment(database: str, folder: Path, stack: ExitStack) -> dict[str, str] | str:
    """Return what names an empty database to a child, or why there is none."""
    from tools.services import Postgres

    environment = {**os.environ, "SHOP_DATA": str(folder / database), "LOG_LEVEL": "ERROR"}
    environment.pop("DATABASE_URL", None)
    (folder / database).mkdir()
    if database == "postgres":
        if reason := Postgres.available():
            return reason
        server = Postgres(durable=True).start()
        stack.callback(server.close)
        environment["DATABASE_URL"] = server.url
    return environment


def _child(folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Measure in a process of its own, whose memory is nothing else's."""
    command = [sys.executable, "-m", "bench.product_import", "--measure", str(folder)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _whole(database: str, folder: Path, environment: dict[str, str]) -> None:
    """Print what the command took in all, and beside it one that imports nothing."""
    print(f"\n{database}")
    file = str(folder / "file.csv")
    for name, command in {
        "migrate": ["migrate"],
        "first": ["import_products", file],
        "new prices": ["import_products", file.replace("file.csv", "prices.csv")],
    }.items():
        whole = [sys.executable, "-m", "bench.product_import", "--command", *command]
        done = subprocess.run(whole, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        print(f"  {name:<10} peak {float(done.stdout.splitlines()[-1]):6.1f} MB", flush=True)


def _as_manage(command: list[str]) -> None:
    """Do what ``manage.py`` does, and print the memory that it took."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *command])
    print(_peak())


def _measure(folder: Path) -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    import django
    from django.core.management import call_command
    from django.utils import timezone

    django.setup()
    call_command("migrate", verbosity=0)

    from products.importing.exporting import export_products
    from products.importing.run import run_import

    found: dict[str, Any] = {"before": _peak()}
    for name, file in zip(RUNS[:3], ("file.csv", "file.csv", "prices.csv"), strict=True):
        began = time.perf_counter()
        with (folder / file).open("rb") as stream:
            report = run_import(stream, actor_id=None, now=timezone.now())
        found[name] = time.perf_counter() - began
        found[f"{name} counts"] = [report.created, report.updated, report.unchanged, report.failed]
        found[f"{name} peak"] = _peak()
    began = time.perf_counter()
    with (folder / "out.csv").open("w", newline="", encoding="utf-8") as out:
        export_products(out.write)
    found["export"], found["export peak"] = time.perf_counter() - began, _peak()
    return found


def _peak() -> float:
    """Return the most memory that this process ever had, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says begins with what the parent had when it forked.
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _report(database: str, rows: int, found: dict[str, Any]) -> None:
    print(f"\n{database}")
    for name in RUNS:
        counts = "new {}, changed {}, unchanged {}, failed {}".format(*found.get(f"{name} counts", [0] * 4))
        print(
            f"  {name:<10} {rows / found[name]:8.0f} rows/s   {found[name]:7.1f} s"
            f"   peak {found[f'{name} peak'] - found['before']:+6.1f} MB   {'' if name == 'export' else counts}"
        )


if __name__ == "__main__":
    main()
