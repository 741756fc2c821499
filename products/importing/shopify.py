"""The product file that Shopify's admin exports, with the headings it had until 2024 and those it has now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from products.importing import cells
from products.importing.fields import MOST_STOCK, WITHOUT_LIMIT, attribute_name, description, source
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
from products.importing.records import ProductRecord, VariantRecord

if TYPE_CHECKING:
    from products.importing.reading import Table

# What each heading says, by the name that our own file has for it where there is one.
_HEADINGS = {
    "handle": "handle",
    "url handle": "handle",
    "title": "name",
    "body (html)": "description",
    "description": "description",
    "vendor": "brand",
    "product category": "product_category",
    "standard product type": "product_category",
    "standardized product type": "product_category",
    "type": "category",
    "custom product type": "category",
    "collection": "collections",
    "published": "published",
    "published on online store": "published",
    "status": "status",
    "variant sku": "sku",
    "sku": "sku",
    "variant grams": "weight_grams",
    "weight value (grams)": "weight_grams",
    "variant inventory tracker": "tracked",
    "inventory tracker": "tracked",
    "variant inventory qty": "on_hand",
    "inventory quantity": "on_hand",
    "variant inventory policy": "backorder_limit",
    "continue selling when out of stock": "backorder_limit",
    "variant price": "price",
    "price": "price",
    "variant compare at price": "compare_at_price",
    "compare-at price": "compare_at_price",
    "variant requires shipping": "requires_shipping",
    "requires shipping": "requires_shipping",
    "image src": "image_sources",
    "product image url": "image_sources",
    "image position": "image_position",
    "image alt text": "image_alts",
    "variant image": "variant_image",
    "variant image url": "variant_image",
    "seo title": "seo_title",
    "seo description": "seo_description",
}
_NUMBERS = range(1, 4)
_HEADINGS |= {f"option{n} {part}": f"option{n}_{part}" for n in _NUMBERS for part in ("name", "value")}
# Shoppers can filter by what staff have defined; other namespaces are those of apps.
_METAFIELD = re.compile(r"(.+) \(product\.metafields\.(?:custom|shopify)\.[^()]+\)")
_NO_OPTION = ("title", "default title")
_GOES_ON = frozenset({"continue", "true"})
_STOPS = frozenset({"deny", "false", ""})
_UNCATEGORISED = "Uncategorised"
_LONGEST_VALUE = 200


def columns_of(headings: Sequence[str]) -> dict[str, str]:
    """Return the file's headings by the names of our own columns; metafields are attributes."""
    found: dict[str, str] = {}
    for heading in headings:
        name = _HEADINGS.get(heading.casefold(), "")
        if not name and (metafield := _METAFIELD.fullmatch(heading)):
            said = attribute_name(metafield[1])
            name = f"attr.{said}" if said else ""
        if name:
            found.setdefault(name, heading)
    return found


def parsed(table: Table, setting: Setting) -> Iterator[Parsed]:
    """Yield a file's products; columns that the shop has no place for are left out."""
    columns = columns_of(table.columns)
    for group in grouped(table.rows(), columns, title="name"):
        one_name(group, columns, title="name")
        record = _product(group, columns, setting) if group.rows else None
        yield Parsed(record=record, errors=group.errors, rows=group.count, at=group.at)


def _product(group: Group, columns: dict[str, str], setting: Setting) -> ProductRecord | None:
    rows = [Cells(row, columns, group.errors) for row in group.rows]
    names = _option_names(rows)
    sold = [row for row in rows if _is_variant(row)]
    variants = without_twins(
        (variant, row) for row in sold if (variant := _variant(row, names, setting)) is not None
    )
    images = _images(rows) if {"image_sources", "variant_image"} & set(columns) else None
    first = rows[0]
    before = len(group.errors)
    record = ProductRecord(
        line=first.row.line,
        handle=group.handle,
        name=first.read("name", partial(cells.line, most=200)) or None,
        description=first.read("description", description),
        category=_category(first),
        brand=first.read("brand", partial(cells.line, most=100)),
        published=_published(first),
        option_names=tuple(names.values()) if "option1_name" in columns else None,
        attributes=_attributes(first, columns),
        collections=[name] if (name := first.read("collections", partial(cells.line, most=100))) else None,
        seo_title=first.read("seo_title", partial(cells.cut, most=100)),
        seo_description=first.read("seo_description", partial(cells.cut, most=300)),
        image_sources=images,
        variants=variants,
    )
    # One that is half right is left as it is; and with every variant refused, all has been said.
    return record if len(group.errors) == before and (variants or not sold) else None


def _is_variant(row: Cells) -> bool:
    # Further pictures have rows of their own, with nothing to buy in them.
    return any(row.said(name) for name in ("option1_value", "option2_value", "option3_value", "sku", "price"))


def _option_names(rows: Sequence[Cells]) -> dict[int, str]:
    """Return the names of the options by their number: they stand in the first row only."""
    names: dict[int, str] = {}
    for row in rows:
        for number in _NUMBERS:
            if number not in names and (
                name := row.read(f"option{number}_name", partial(cells.line, most=50))
            ):
                names[number] = name
    values = {row.said("option1_value").casefold() for row in rows} - {""}
    title, default = _NO_OPTION
    if len(names) <= 1 and names.get(1, title).casefold() == title and values <= {default}:
        return {}
    return names


def _variant(row: Cells, names: dict[int, str], setting: Setting) -> VariantRecord | None:
    before = len(row.errors)
    values = {n: row.read(f"option{n}_value", partial(cells.line, most=100)) for n in _NUMBERS}
    if not names and (values[1] or "").casefold() == _NO_OPTION[1]:
        values[1] = None
    options = options_of(row, names, values)
    price = row.read("price", partial(cells.amount, currency=setting.currency))
    compare_at = row.read("compare_at_price", partial(cells.amount, currency=setting.currency))
    tracked = None if row.text("tracked") is None else bool(row.said("tracked"))
    backorder_limit = row.read("backorder_limit", _limit)
    on_hand = row.read("on_hand", partial(cells.whole, least=-MOST_STOCK, most=MOST_STOCK))
    if on_hand is not None and on_hand < -(backorder_limit or 0):
        # More was sold there than there was; here that is for orders to say.
        on_hand = -(backorder_limit or 0)
    variant = VariantRecord(
        line=row.row.line,
        sku=row.read("sku", _sku) or "",
        options=options or {},
        price=price,
        # Shopify shows no former price that isn't higher.
        compare_at=compare_at if compare_at and price is not None and compare_at > price else None,
        currency=setting.currency,
        on_hand=on_hand if tracked is not False else None,
        tracked=tracked,
        backorder_limit=backorder_limit if tracked is not False else None,
        weight_grams=row.read("weight_grams", cells.grams),
        requires_shipping=row.read("requires_shipping", cells.truth),
    )
    return variant if len(row.errors) == before else None


def _sku(cell: str) -> str:
    # Shopify writes an apostrophe before digits, so that a spreadsheet keeps leading zeros.
    return cells.line(cell[1:] if cell[:1] == "'" and cell[1:2].isdigit() else cell, 64)


def _limit(cell: str) -> int:
    said = cell.strip().casefold()
    if said not in _GOES_ON | _STOPS:
        raise ValueError("Write continue or deny.")
    return WITHOUT_LIMIT if said in _GOES_ON else 0


def _category(row: Cells) -> tuple[str, ...] | None:
    """Return the merchant's own type, or the last name in Shopify's taxonomy."""
    own = row.read("category", partial(cells.line, most=100))
    official = row.text("product_category")
    if own is None and official is None:
        return None
    last = next(reversed(cells.split(official or "", ">")), "")
    return (own or cells.cut(last, 100) or _UNCATEGORISED,)


def _published(row: Cells) -> bool | None:
    shown = row.read("published", cells.truth)
    if row.text("status") is None or not row.said("status"):
        return shown
    return shown is not False and row.said("status").casefold() == "active"


def _attributes(row: Cells, columns: dict[str, str]) -> dict[str, str] | None:
    found = {}
    for name in columns:
        if name.startswith("attr."):
            said = cells.cut(row.said(name), _LONGEST_VALUE + 1)
            # Longer ones are texts, nothing to filter by.
            found[name.removeprefix("attr.")] = said if len(said) <= _LONGEST_VALUE else ""
    return found or None


def _images(rows: Sequence[Cells]) -> list[tuple[str, str]]:
    """Return the pictures in their order, a row without a position where it stands; a variant's own are last."""
    found: dict[str, tuple[float, str]] = {}
    for place, row in enumerate(rows, start=1):
        url = row.read("image_sources", source) if row.said("image_sources") else None
        if url and url not in found:
            position = row.read("image_position", cells.whole)
            found[url] = (position or place, cells.cut(row.said("image_alts"), 200))
    for row in rows:
        if row.said("variant_image") and (url := row.read("variant_image", source)):
            # As a rule one of those above.
            found.setdefault(url, (inf, ""))
    ordered = sorted(found.items(), key=lambda item: item[1][0])
    return [(url, alt) for url, (_, alt) in ordered]
