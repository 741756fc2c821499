"""The shop's own file: one row a variant, and the columns that an export writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

from django.conf import settings

from products.importing import cells
from products.importing.by_sku import with_handles
from products.importing.fields import MOST_STOCK, description, source
from products.importing.grouping import (
    Cells,
    Group,
    Parsed,
    Setting,
    grouped,
    one_name,
    options_of,
    without_twins,
)
from products.importing.records import ProductRecord, RowError, VariantRecord
from shop.core.names import FILTER_NAME

if TYPE_CHECKING:
    from products.importing.reading import Row, Table

OPTIONS = 5
_NUMBERS = range(1, OPTIONS + 1)
_SLUG = re.compile(r"[-\w]+", re.ASCII)
# Of the product; they are read from its first row. Lists are written with ``cells.joined``.
PRODUCT_COLUMNS = (
    "handle",
    "name",
    "description",
    "category",
    "brand",
    "tax_class",
    "minimum_age",
    "published",
    "published_at",
    "published_until",
    "seo_title",
    "seo_description",
    "collections",
    "external_id",
    "image_sources",
    "image_alts",
)
VARIANT_COLUMNS = (
    *(f"option{number}_{part}" for number in range(1, OPTIONS + 1) for part in ("name", "value")),
    "sku",
    "price",
    "compare_at_price",
    "currency",
    "on_hand",
    "tracked",
    "backorder_limit",
    "low_stock_threshold",
    "weight_grams",
    "requires_shipping",
    "available_at",
    "variant_external_id",
)
# Attributes have columns of their own behind these: ``attr.Material``.
COLUMNS = (*PRODUCT_COLUMNS, *VARIANT_COLUMNS)
ATTRIBUTE = "attr."


def columns_of(headings: Sequence[str]) -> dict[str, str]:
    """Return the file's headings by the names of ``COLUMNS``; those of attributes stand under their own."""
    known = set(COLUMNS)
    found = {}
    for heading in headings:
        name = heading.casefold()
        if name in known:
            found[name] = heading
        elif name.startswith(ATTRIBUTE):
            found[ATTRIBUTE + heading[len(ATTRIBUTE) :]] = heading
    return found


def parsed(table: Table, setting: Setting) -> Iterator[Parsed]:
    """Yield a file's products; columns that nobody knows are written down once and left out."""
    columns = columns_of(table.columns)
    unknown = [heading for heading in table.columns if heading and heading not in columns.values()]
    if unknown:
        said = "This column isn't known and is left out."
        yield Parsed(record=None, errors=[RowError(line=1, column=name, reason=said) for name in unknown])
    rows: Iterator[Row | RowError] = table.rows()
    # A list of prices or stock names no products: its SKUs do.
    apart = "handle" not in columns and "name" not in columns
    if apart:
        rows = with_handles(rows, columns["sku"])
        columns["handle"] = "handle"
    for group in grouped(rows, columns, title="name"):
        one_name(group, columns, title="name")
        yield Parsed(
            record=_product(group, columns, setting) if group.rows else None,
            errors=group.errors,
            rows=group.count,
            at=group.at,
            apart=apart,
        )


def _product(group: Group, columns: dict[str, str], setting: Setting) -> ProductRecord | None:
    rows = [Cells(row, columns, group.errors) for row in group.rows]
    names = _option_names(rows)
    variants = without_twins(
        (variant, cells) for cells in rows if (variant := _variant(cells, names, setting)) is not None
    )
    first = rows[0]
    before = len(group.errors)
    record = ProductRecord(
        line=first.row.line,
        handle=group.handle,
        name=first.read("name", partial(cells.line, most=200)) or None,
        description=first.read("description", description),
        category=first.read("category", _path) or None,
        brand=first.read("brand", partial(cells.line, most=100)),
        tax_class=first.read("tax_class", _tax_class) or None,
        minimum_age=first.read("minimum_age", partial(cells.whole, least=1, most=99)),
        published=first.read("published", cells.truth),
        published_at=first.read("published_at", cells.instant),
        published_until=first.read("published_until", cells.instant),
        option_names=tuple(names.values()) if "option1_name" in columns else None,
        attributes=_attributes(first, columns),
        collections=first.read("collections", _names),
        seo_title=first.read("seo_title", partial(cells.line, most=100)),
        seo_description=first.read("seo_description", partial(cells.line, most=300)),
        external_id=first.read("external_id", partial(cells.line, most=100)) or None,
        image_sources=_images(first),
        variants=variants,
    )
    # One that is half right is left as it is; and with every variant refused, all has been said.
    return record if len(group.errors) == before and (variants or not _any_variant(columns)) else None


def _any_variant(columns: dict[str, str]) -> bool:
    return any(name in columns for name in VARIANT_COLUMNS)


def _option_names(rows: Sequence[Cells]) -> dict[int, str]:
    """Return the names of the options by their number: those of the first row that has any."""
    for row in rows:
        numbered = {n: row.read(f"option{n}_name", partial(cells.line, most=50)) for n in _NUMBERS}
        if names := {number: name for number, name in numbered.items() if name}:
            return names
    return {}


def _variant(row: Cells, names: dict[int, str], setting: Setting) -> VariantRecord | None:
    before = len(row.errors)
    values = {n: row.read(f"option{n}_value", partial(cells.line, most=100)) for n in _NUMBERS}
    # A variant that is there keeps what is left out, and a new one is refused later.
    options = options_of(row, names, values, whole=False)
    currency = row.read("currency", _currency) or setting.currency
    price = row.read("price", partial(cells.amount, currency=currency))
    compare_at = row.read("compare_at_price", partial(cells.amount, currency=currency))
    if price is not None and compare_at is not None and compare_at <= price:
        row.refuse("compare_at_price", "This must be higher than the price.")
    variant = VariantRecord(
        line=row.row.line,
        sku=row.read("sku", partial(cells.line, most=64)) or "",
        options=options or {},
        price=price,
        compare_at=compare_at,
        currency=currency,
        on_hand=row.read("on_hand", partial(cells.whole, least=-MOST_STOCK, most=MOST_STOCK)),
        tracked=row.read("tracked", cells.truth),
        backorder_limit=row.read("backorder_limit", cells.whole),
        low_stock_threshold=row.read("low_stock_threshold", cells.whole),
        weight_grams=row.read("weight_grams", cells.grams),
        requires_shipping=row.read("requires_shipping", cells.truth),
        available_at=row.read("available_at", cells.day),
        external_id=row.read("variant_external_id", partial(cells.line, most=100)) or None,
    )
    return variant if len(row.errors) == before else None


def _attributes(row: Cells, columns: dict[str, str]) -> dict[str, str] | None:
    found = {}
    for name in columns:
        if name.startswith(ATTRIBUTE):
            value = row.read(name, partial(cells.line, most=200))
            if value and not FILTER_NAME.fullmatch(name[len(ATTRIBUTE) :]):
                row.refuse(name, "Name attributes by letters, digits, spaces, _ and -.")
            found[name[len(ATTRIBUTE) :]] = value or ""
    return found or None


def _images(row: Cells) -> list[tuple[str, str]] | None:
    sources = row.read("image_sources", _sources)
    if sources is None:
        return None
    alts = row.read("image_alts", lambda cell: cells.split(cell, "|")) or ()
    return [
        (url, cells.cut(alt, 200)) for url, alt in zip_longest(sources, alts[: len(sources)], fillvalue="")
    ]


def _sources(cell: str) -> list[str]:
    return [source(part) for part in cells.split(cell, "|")]


def _path(cell: str) -> tuple[str, ...]:
    names = tuple(cells.line(part, 100) for part in cells.split(cell, ">"))
    if not all(names):
        raise ValueError("Write a category as Lamps > Table lamps.")
    return names


def _names(cell: str) -> tuple[str, ...]:
    return tuple(name for part in cells.split(cell, "|") if (name := cells.line(part, 100)))


def _tax_class(cell: str) -> str:
    said = cells.line(cell, 20)
    if said and not _SLUG.fullmatch(said):
        raise ValueError("Write the code of a tax class, like standard.")
    return said


def _currency(cell: str) -> str:
    said = cell.strip().upper()
    if said and said not in settings.CURRENCIES:
        raise ValueError(f"The shop sells in {', '.join(settings.CURRENCIES)}.")
    return said
