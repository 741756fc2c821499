"""What a row of WooCommerce's file says of something to buy: its options, price and stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from products.attributes import folded
from products.importing import cells
from products.importing.fields import MOST_STOCK, WITHOUT_LIMIT
from products.importing.grouping import Cells
from products.importing.records import VariantRecord

if TYPE_CHECKING:
    from products.importing.grouping import Setting

_UNITS = ("kg", "g", "lbs", "oz")
# The variation has no stock of its own.
_OF_PARENT = "parent"
_YES = frozenset({"1", "notify"})


def is_sold(row: Cells) -> bool:
    """Tell whether a variation is switched on."""
    return row.said("published") in ("", "1")


def numbers(row: Cells) -> range:
    """Return the numbers of the attributes that the file has columns for."""
    return range(1, next(n for n in range(1, 1001) if row.text(f"option{n}_name") is None))


def option_names(rows: Sequence[Cells]) -> list[str]:
    """Return the names of what variations differ by; the product's own row doesn't say which they are."""
    names: dict[str, str] = {}
    for row in rows:
        for number in numbers(row):
            name = row.said(f"option{number}_name")
            if name and row.said(f"option{number}_value"):
                names.setdefault(folded(name), cells.cut(name, 50))
    return list(names.values())


def variant_of(
    row: Cells, names: Sequence[str], columns: Mapping[str, str], setting: Setting
) -> VariantRecord | None:
    """
    Return what a row sells; None where something of it can't be read, which is written down.

    :param names: of the product's options.
    :param columns: the file's headings by the names they have in code.
    """
    before = len(row.errors)
    options = _options(row, names)
    price, compare_at = _price(row, setting)
    unit = next((unit for unit in _UNITS if f"weight_{unit}" in columns), "")
    tracked, on_hand, limit = _stock(row)
    variant = VariantRecord(
        line=row.row.line,
        sku=row.read("sku", partial(cells.line, most=64)) or "",
        options=options,
        price=price,
        compare_at=compare_at,
        currency=setting.currency,
        on_hand=on_hand,
        tracked=tracked,
        backorder_limit=limit,
        low_stock_threshold=row.read("low_stock_threshold", cells.whole) if tracked else None,
        weight_grams=row.read(f"weight_{unit}", partial(cells.grams, unit=unit)) if unit else None,
        requires_shipping=None if row.text("type") is None else "virtual" not in row.said("type").casefold(),
    )
    return variant if len(row.errors) == before else None


def _options(row: Cells, names: Sequence[str]) -> dict[str, str]:
    given = {
        folded(row.said(f"option{n}_name")): row.read(f"option{n}_value", _value)
        for n in numbers(row)
        if names
    }
    options = {name: value for name in names if (value := given.get(folded(name)))}
    if missing := [name for name in names if name not in options]:
        row.refuse("option1_value", f"This is for any {missing[0]}: write a variation for each.")
    return options


def _value(cell: str) -> str:
    return cells.line(", ".join(cells.split(cell, ",")), 100)


def _price(row: Cells, setting: Setting) -> tuple[int | None, int | None]:
    """Return what is asked now, and the regular price during a sale; a shop's own decimal sign stands in the file."""
    read = partial(cells.amount, currency=setting.currency, decimal_comma=True)
    regular, sale = row.read("price", read), row.read("sale_price", read)
    starts, ends = row.read("sale_starts", cells.instant), row.read("sale_ends", cells.instant)
    on_sale = (starts is None or starts <= setting.now) and (ends is None or setting.now < ends)
    if sale is None or not on_sale or (regular is not None and sale >= regular):
        return regular, None
    return sale, regular


def _stock(row: Cells) -> tuple[bool | None, int | None, int | None]:
    """Return whether it is counted, how many there are, and how many more may be sold."""
    if row.text("on_hand") is None:
        return None, None, None
    limit = WITHOUT_LIMIT if row.said("backorder_limit").casefold() in _YES else 0
    said = row.said("on_hand").casefold()
    if said == _OF_PARENT:
        # Variations that share their parent's stock: somebody has to say how many there are of each.
        return True, None, limit
    if not said:
        # Nobody counts: it is there, or it is not.
        return (False, None, None) if row.said("in_stock") != "0" else (True, 0, 0)
    on_hand = row.read("on_hand", partial(cells.whole, least=-MOST_STOCK, most=MOST_STOCK))
    return True, None if on_hand is None else max(on_hand, -limit), limit
