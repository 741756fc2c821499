"""The product file that WooCommerce exports: a variable product has a row, and each of its variations another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from products.attributes import folded
from products.importing import cells
from products.importing.families import families
from products.importing.fields import attribute_name, description, source
from products.importing.grouping import MOST_ROWS, Cells, Parsed, without_twins
from products.importing.handles import handle_from, handle_of
from products.importing.records import ProductRecord, RowError
from products.importing.woocommerce_variants import is_sold, numbers, option_names, variant_of

if TYPE_CHECKING:
    from products.importing.families import Families
    from products.importing.grouping import Setting
    from products.importing.reading import Row, Table

# What each heading says, by the name that our own file has for it where there is one.
_HEADINGS = {
    "id": "id",
    "type": "type",
    "sku": "sku",
    "name": "name",
    "published": "published",
    "visibility in catalog": "visibility",
    "short description": "short_description",
    "description": "description",
    "date sale price starts": "sale_starts",
    "date sale price ends": "sale_ends",
    "tax status": "tax_status",
    "tax class": "tax_class",
    "in stock?": "in_stock",
    "stock": "on_hand",
    "low stock amount": "low_stock_threshold",
    "backorders allowed?": "backorder_limit",
    "sale price": "sale_price",
    "regular price": "price",
    "categories": "category",
    "brands": "brand",
    "images": "image_sources",
    "parent": "parent",
}
_WEIGHT = re.compile(r"weight \((kg|g|lbs|oz)\)")
_ATTRIBUTE = re.compile(r"attribute ([0-9]{1,3}) (name|value\(s\))")
_TAX_CLASSES = {"": "standard", "parent": "standard", "reduced-rate": "reduced", "zero-rate": "zero"}
_SOLD = frozenset({"simple", "variable", "variation"})
# What WooCommerce says beside the kind.
_BESIDE = frozenset({"virtual", "downloadable", ""})
_LONGEST_VALUE = 200


def columns_of(headings: Sequence[str]) -> dict[str, str]:
    """Return the file's headings by the names of our own columns; a weight's unit stands in its name."""
    found: dict[str, str] = {}
    for heading in headings:
        said = heading.casefold()
        name = _HEADINGS.get(said, "")
        if weight := _WEIGHT.fullmatch(said):
            name = f"weight_{weight[1]}"
        if attribute := _ATTRIBUTE.fullmatch(said):
            name = f"option{attribute[1]}_{attribute[2][:5]}"
        if name:
            found.setdefault(name, heading)
    return found


def parsed(table: Table, setting: Setting) -> Iterator[Parsed]:
    """
    Yield a file's products; columns that the shop has no place for are left out.

    A shop that has grown has variations far from their product, so all rows are put in order first.
    """
    columns = columns_of(table.columns)
    with families() as rows:
        for row in table.rows():
            if isinstance(row, RowError):
                yield Parsed(record=None, errors=[row], rows=1)
            else:
                rows.add(row, parent=_parent(Cells(row, columns, [])))
        rows.complete()
        handles = _Handles()
        for row in rows.heads():
            yield _family(row, rows, columns, setting, handles)
        for row in rows.orphans():
            reason = "The file has no variable product of this ID or SKU."
            error = RowError(line=row.line, column=columns.get("parent", "Parent"), reason=reason)
            yield Parsed(record=None, errors=[error], rows=1, at=row.at)


class _Handles:
    """The handles given so far: the file has none, so they are made from the names."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, row: Cells) -> str:
        """Return a product's handle; a second product of the same name gets its ID behind it."""
        handle = handle_from(row.said("name"))
        if handle in self._given and row.said("id"):
            handle = f"{handle}-{handle_of(row.said('id')).removeprefix('item-')}"
        self._given.add(handle)
        return handle


def _kind(row: Cells) -> str:
    parts = [part.strip().casefold() for part in row.said("type").split(",")]
    return next((part for part in parts if part not in _BESIDE), "simple")


def _parent(row: Cells) -> str:
    """Return the name of what a variation stands below, "" for what stands for itself."""
    if _kind(row) != "variation":
        return ""
    said = row.said("parent")
    return _name_by_id(said[3:]) if said.startswith("id:") else f"sku:{said}"


def _name_by_id(text: str) -> str:
    return f"id:{text.strip()}"


def _family(
    row: Row, rows: Families, columns: Mapping[str, str], setting: Setting, handles: _Handles
) -> Parsed:
    errors: list[RowError] = []
    head = Cells(row, columns, errors)
    kind = _kind(head)
    others: list[Cells] = []
    if kind == "variable":
        names = [_name_by_id(head.said("id"))] + ([f"sku:{head.said('sku')}"] if head.said("sku") else [])
        others = [Cells(one, columns, errors) for one in rows.below(names, most=MOST_ROWS)]
    record = None
    if kind in _SOLD:
        record = _product(head, others, columns, setting, handles)
    else:
        head.refuse("type", f"The shop has no products of the kind {kind[:50]!r}.")
    return Parsed(record=record, errors=errors, rows=1 + len(others), at=row.at)


def _product(
    head: Cells, others: Sequence[Cells], columns: Mapping[str, str], setting: Setting, handles: _Handles
) -> ProductRecord | None:
    variable = _kind(head) == "variable"
    sold = [row for row in others if is_sold(row)] if variable else [head]
    options = option_names(sold) if variable else []
    variants = without_twins(
        (variant, row) for row in sold if (variant := variant_of(row, options, columns, setting)) is not None
    )
    images = _images([head, *others]) if "image_sources" in columns else None
    before = len(head.errors)
    handle = handles.of(head)
    if not handle:
        head.refuse("name", "A product needs a name.")
    category, collections = _places(head)
    record = ProductRecord(
        line=head.row.line,
        handle=handle,
        name=head.read("name", partial(cells.line, most=200)) or None,
        description=_description(head),
        category=category,
        collections=collections,
        brand=head.read("brand", _first),
        tax_class=_tax_class(head),
        published=_published(head),
        option_names=options,
        attributes=_attributes(head, {folded(name) for name in options}),
        image_sources=images,
        variants=variants,
    )
    # One that is half right is left as it is; and with every variant refused, all has been said.
    return record if len(head.errors) == before and (variants or not sold) else None


def _attributes(row: Cells, options: set[str]) -> dict[str, str] | None:
    """Return what isn't an option."""
    found: dict[str, str] = {}
    for number in numbers(row):
        said = row.said(f"option{number}_name")
        name = attribute_name(said)
        value = ", ".join(cells.split(row.said(f"option{number}_value"), ","))
        # Longer ones are texts, nothing to filter by.
        if name and value and folded(said) not in options and len(value) <= _LONGEST_VALUE:
            found.setdefault(name, cells.cut(value, _LONGEST_VALUE))
    return found or None


def _places(row: Cells) -> tuple[tuple[str, ...] | None, list[str] | None]:
    """Return the deepest category, and the last names of the others that it doesn't stand below, as collections."""
    said = row.text("category")
    if said is None:
        return None, None
    paths = [
        tuple(cells.cut(name, 100) for name in cells.split(path, ">")) for path in cells.split(said, ",")
    ]
    paths = [path for path in paths if path and all(path)]
    if not paths:
        return ("Uncategorised",), None
    deepest = max(paths, key=len)
    others = [path[-1] for path in paths if path != deepest[: len(path)]]
    # Without others the collections are as staff have left them.
    return deepest, list(dict.fromkeys(others)) or None


def _description(row: Cells) -> str | None:
    long, short = row.text("description"), row.text("short_description")
    name = "description" if (long or "").strip() or short is None else "short_description"
    return row.read(name, lambda cell: description(_line_feeds(cell)))


def _line_feeds(cell: str) -> str:
    r"""Return a text whose line feeds WooCommerce has written as ``\n``, and a ``\n`` of its own as ``\\n``."""
    return re.sub(r"\\(\\n|n)", lambda found: "\\n" if found[1] == "\\n" else "\n", cell)


def _tax_class(row: Cells) -> str | None:
    if row.said("tax_status").casefold() == "none":
        return _TAX_CLASSES["zero-rate"]
    said = row.text("tax_class")
    return None if said is None else _TAX_CLASSES.get(said.strip(), handle_of(said)[:20])


def _published(row: Cells) -> bool | None:
    said = row.text("published")
    if said is None:
        return None
    # Private ones and drafts aren't, and neither is what only its address leads to.
    return said.strip() == "1" and row.said("visibility").casefold() != "hidden"


def _first(cell: str) -> str:
    return cells.line(next(iter(cells.split(cell, ",")), ""), 100)


def _images(rows: Sequence[Cells]) -> list[tuple[str, str]]:
    found: dict[str, None] = {}
    for row in rows:
        for part in cells.split(row.said("image_sources"), ","):
            try:
                found.setdefault(source(part))
            except ValueError as error:
                row.refuse("image_sources", str(error))
    return [(url, "") for url in found]
