"""Writing made-up goods down, as fast as the database takes them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from products import models, search
from products.seeding.goods import TOPS, brand_name, brands_for, categories_for, good
from products.seeding.tables import TABLES, Ground, Placed, Rows, Table
from products.services import AttributeData, create_category, save_attribute
from products.services.changes import catalogue_changed
from shop.core.transactions import lock_by_name, use_case

if TYPE_CHECKING:
    from django.db.models import Model

_BATCH = 5_000
_ATTRIBUTES = (
    AttributeData(name="Material"),
    AttributeData(name="Width", kind="number", unit="cm"),
    AttributeData(name="Washable", kind="boolean"),
)


def seed(*, products: int, now: datetime, progress: Callable[[int, int], None]) -> None:
    """
    Add so many made-up products to the catalogue, with variants, prices, stock and its ledger.

    Transaction: one for each 5,000 products; broken off, what is written is whole, and another run adds to it.

    :param progress: called with how many are written, and of how many.
    """
    ground = use_case(_prepare, products, now=now)
    for start in range(0, products, _BATCH):
        numbers = range(start, min(start + _BATCH, products))
        use_case(_write, numbers, ground, products)
        progress(numbers.stop, products)


@transaction.atomic
def _prepare(products: int, *, now: datetime) -> Ground:
    """Make the categories, brands and attributes that are missing."""
    categories, brands = categories_for(products), brands_for(products)
    return Ground(
        categories=_categories(categories),
        brands=_brands(brands),
        attributes={data.name: _attribute(data, now=now) for data in _ATTRIBUTES},
        currency=settings.BASE_CURRENCY,
        now=now,
    )


def _categories(count: int) -> list[int]:
    seeded = models.Category.objects.filter(slug__startswith="seed-")
    known: dict[str, int] = {one.slug: one.pk for one in seeded}
    for number, top in enumerate(TOPS):
        if f"seed-{number}" not in known:
            create_category(name=top, slug=f"seed-{number}")
    for number in range(count):
        above = number % len(TOPS)
        slug = f"seed-{above}-{number}"
        if slug not in known:
            name = f"{TOPS[above]} {number // len(TOPS) + 1}"
            known[slug] = create_category(name=name, slug=slug, parent=f"seed-{above}").pk
    return [known[f"seed-{number % len(TOPS)}-{number}"] for number in range(count)]


def _brands(count: int) -> list[int]:
    names = [brand_name(number) for number in range(count)]
    models.Brand.objects.bulk_create([models.Brand(name=name) for name in names], ignore_conflicts=True)
    known: dict[str, int] = dict(models.Brand.objects.filter(name__in=names).values_list("name", "pk"))
    return [known[name] for name in names]


def _attribute(data: AttributeData, *, now: datetime) -> int:
    known = models.Attribute.objects.filter(key=data.name.casefold()).first()
    return (known or save_attribute(data=data, actor_id=None, now=now)).pk


@transaction.atomic
def _write(numbers: range, ground: Ground, products: int) -> None:
    lock_by_name("products.seeding")
    first_product, first_variant = _next_key(models.Product), _next_key(models.Variant)
    sizes = {"categories": categories_for(products), "brands": brands_for(products)}
    placed: list[Placed] = []
    for number in numbers:
        made = good(number, **sizes, now=ground.now)
        keys = range(first_variant, first_variant + len(made.kinds))
        placed.append(
            (first_product + number - numbers.start, made, list(zip(keys, made.kinds, strict=True)))
        )
        first_variant = keys.stop
    for table in TABLES:
        _fill(table, [row for one in placed for row in table.rows(*one, ground)])
    _set_next_key(models.Product)
    _set_next_key(models.Variant)
    search.index([pk for pk, _, _ in placed])
    catalogue_changed()


def _next_key(model: type[Model]) -> int:
    last: int | None = model._default_manager.aggregate(last=Max("pk"))["last"]
    return (last or 0) + 1


def _set_next_key(model: type[Model]) -> None:
    """Let the next row that is written without a key not take one of these; SQLite looks for itself."""
    if connection.vendor == "postgresql":
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT MAX(id) FROM {table}))",  # noqa: S608
                [model._meta.db_table],
            )


def _fill(table: Table, rows: Rows) -> None:
    columns = [connection.ops.quote_name(column) for column in table.columns.split()]
    name, listed = connection.ops.quote_name(table.model._meta.db_table), ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            lines = io.StringIO("".join(_lines(rows)))
            cursor.cursor.copy_expert(f"COPY {name} ({listed}) FROM STDIN", lines)
            return
        values = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {name} ({listed}) VALUES ({values})", [_plain(row) for row in rows])  # noqa: S608


def _lines(rows: Rows) -> Iterator[str]:
    for row in rows:
        yield "\t".join(map(_written, row)) + "\n"


def _written(value: Any) -> str:
    """Return a value in the text format of COPY."""
    if value is None:
        return r"\N"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n")


def _plain(row: Sequence[Any]) -> list[Any]:
    return [connection.ops.adapt_datetimefield_value(v) if isinstance(v, datetime) else v for v in row]
