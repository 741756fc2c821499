"""From rows to products: the rows of one that stand together, and their cells with what can't be read in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from products.attributes import folded
from products.importing.handles import handle_from, handle_of
from products.importing.reading import Row
from products.importing.records import ProductRecord, RowError, VariantRecord
from products.services.options import key_of

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")

# More variants than any shop system has of one product.
MOST_ROWS = 3000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a file doesn't say: the currency of its amounts, and when it is read."""

    currency: str
    now: datetime


@dataclass(kw_only=True)
class Group:
    """The rows of one product, and what is wrong with them."""

    handle: str = ""
    rows: list[Row] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    # Rows that can't be read or have no place here count too.
    count: int = 0
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """
    A product as far as it could be read; without a record there is nothing to save.

    ``apart`` tells that other rows of it may come later in the file.
    """

    record: ProductRecord | None
    errors: Sequence[RowError] = ()
    rows: int = 0
    at: int = 0
    apart: bool = False


class Cells:
    """The cells of a row as values; what can't be read is written down and counts as not said."""

    def __init__(self, row: Row, columns: Mapping[str, str], errors: list[RowError]) -> None:
        """
        Take a row.

        :param columns: the file's heading of each column it has, by the name it has in code.
        """
        self.row = row
        self.errors = errors
        self._columns = columns

    def text(self, name: str) -> str | None:
        """Return a cell as it stands; None where the file has no such column."""
        heading = self._columns.get(name)
        return None if heading is None else self.row.cells[heading]

    def said(self, name: str) -> str:
        """Return a cell without space around it, "" also where the file has no such column."""
        return (self.text(name) or "").strip()

    def read(self, name: str, reader: Callable[[str], T]) -> T | None:
        """Return what a cell says; None where there is none, or where it can't be read, which is written down."""
        cell = self.text(name)
        if cell is None:
            return None
        try:
            return reader(cell)
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def refuse(self, name: str, reason: str) -> None:
        """Write down that a cell can't be taken."""
        self.errors.append(RowError(line=self.row.line, column=self._columns.get(name, ""), reason=reason))


def grouped(rows: Iterable[Row | RowError], columns: Mapping[str, str], *, title: str) -> Iterator[Group]:
    """
    Yield the rows that follow each other and have the same handle.

    Without a handle a row continues the product above unless it has a title, which the handle is then made from.

    :param title: the column of the product's name.
    """
    group: Group | None = None
    for row in rows:
        if isinstance(row, RowError):
            group = group or Group()
            group.errors.append(row)
            group.count += 1
            continue
        handle = _handle(Cells(row, columns, []), group, title)
        if group is None or handle != group.handle:
            if group is not None:
                yield group
            group = Group(handle=handle)
        group.count += 1
        group.at = row.at
        if not handle:
            group.errors.append(_nameless(row, columns))
        elif len(group.rows) >= MOST_ROWS:
            said = f"A product has {MOST_ROWS} rows at most."
            group.errors.append(RowError(line=row.line, column="", reason=said))
        else:
            group.rows.append(row)
    if group is not None:
        yield group


def one_name(group: Group, columns: Mapping[str, str], *, title: str) -> None:
    """Take out the rows that call the product something else: their handle is another product's."""
    name = ""
    kept = []
    for row in group.rows:
        cells = Cells(row, columns, group.errors)
        said = cells.said(title)
        name = name or said
        if said and said != name:
            first = group.rows[0].line
            cells.refuse(title, f"Line {first} has the same handle and another name, {name[:80]!r}.")
        else:
            kept.append(row)
    group.rows = kept


def without_twins(variants: Iterable[tuple[VariantRecord, Cells]]) -> list[VariantRecord]:
    """Return the variants that differ; one with the options or the SKU of an earlier one is written down."""
    lines: dict[tuple[str, str], int] = {}
    kept = []
    for variant, cells in variants:
        marks = [("options", key_of(variant.options))] + ([("sku", variant.sku)] if variant.sku else [])
        twin = next((mark for mark in marks if mark in lines), None)
        if twin is not None:
            what = "SKU" if twin[0] == "sku" else "options"
            name = "sku" if twin[0] == "sku" else "option1_value"
            cells.refuse(name, f"Line {lines[twin]} has the same {what}.")
            continue
        lines.update(dict.fromkeys(marks, variant.line))
        kept.append(variant)
    return kept


def options_of(
    cells: Cells, names: Mapping[int, str], values: Mapping[int, str | None], *, whole: bool = True
) -> dict[str, str] | None:
    """
    Return a variant's options by name; None where one is missing, which is written down.

    :param names: of the product's options by their number; one has a value in every variant.
    :param values: of this row by the number of the option.
    :param whole: that none may be left out.
    """
    options = {}
    for number in sorted({*names, *(number for number, value in values.items() if value)}):
        name, value = names.get(number), values.get(number)
        if not name:
            cells.refuse(f"option{number}_name", "This option has a value and no name.")
            return None
        if not value and not whole:
            continue
        if not value:
            cells.refuse(f"option{number}_value", f"There is no value of the option {name!r}.")
            return None
        options[name] = value
    if len({folded(name) for name in options}) < len(options):
        cells.refuse("option1_name", "Two options have the same name.")
        return None
    return options


def _handle(cells: Cells, group: Group | None, title: str) -> str:
    said = handle_of(cells.said("handle"))
    if said:
        return said
    if named := handle_from(cells.said(title)):
        return named
    return group.handle if group is not None else ""


def _nameless(row: Row, columns: Mapping[str, str]) -> RowError:
    return RowError(
        line=row.line, column=columns.get("handle", ""), reason="There is neither a handle nor a name."
    )
