"""What stands in a cell: read strictly, and with a reason where it can't be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from shop.core.money import price_from_text

if TYPE_CHECKING:
    from collections.abc import Sequence

D = TypeVar("D", date, datetime)

_BREAKS = re.compile(r"[\t\n\v\f\r]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}(\.0{1,6})?")
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]+")
_WEIGHT = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,6}))?")
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
_PLACES = 6
_MILLION = 1_000_000
# Micrograms, so that a pound is a whole number of them.
_GRAM = _MILLION
_UNITS = {"g": _GRAM, "kg": 1000 * _GRAM, "lb": 453_592_370, "lbs": 453_592_370, "oz": 28_349_523}


def joined(parts: Sequence[str], separator: str) -> str:
    """
    Return a list as one cell: ``Lamps > Table lamps`` with ``" > "``, ``Summer|Sale`` with ``"|"``.

    A separator inside of a part gets a backslash before it, and so does a backslash.
    """
    sign = separator.strip()
    return separator.join(re.sub(rf"([\\{re.escape(sign)}])", r"\\\1", part) for part in parts)


def split(cell: str, separator: str) -> tuple[str, ...]:
    """Return the parts that ``joined`` was given, without space around them; of an empty cell none."""
    sign = separator.strip()
    parts, part, behind = [], "", False
    for character in cell:
        if behind:
            # Only before what needs it: Windows paths and the like keep theirs.
            part += character if character in (sign, "\\") else f"\\{character}"
            behind = False
        elif character == "\\":
            behind = True
        elif character == sign:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    last = (part + "\\" * behind).strip()
    return (*parts, last) if parts or last else ()


def truth(cell: str) -> bool | None:
    """
    Return what a cell says, None for an empty one.

    :raises ValueError: it says neither yes nor no.
    """
    said = cell.strip().casefold()
    if not said:
        return None
    if said not in _YES | _NO:
        raise ValueError("Write true or false.")
    return said in _YES


def whole(cell: str, *, least: int = 0, most: int = 1_000_000) -> int | None:
    """
    Return a whole number, None for an empty cell; ``5.0`` is five.

    :raises ValueError: it is none, or out of bounds.
    """
    said = cell.strip()
    if not said:
        return None
    if not _WHOLE.fullmatch(said):
        raise ValueError("Write a whole number like 5.")
    number = int(said.partition(".")[0])
    if not least <= number <= most:
        raise ValueError(f"Write a number from {least} to {most}.")
    return number


def amount(cell: str, currency: str, *, decimal_comma: bool = False) -> int | None:
    """
    Return the minor units of an amount like ``19.90`` or ``1,234.50``, None for an empty cell.

    :param decimal_comma: ``19,90`` is read as well. Without it a comma is refused, because ``1,234`` could be both.
    :raises ValueError: it is no amount of this currency, or none that can be paid.
    """
    said = cell.strip()
    if not said:
        return None
    if _THOUSANDS.fullmatch(said):
        said = said.replace(",", "")
    elif decimal_comma and said.count(",") == 1 and "." not in said:
        said = said.replace(",", ".")
    elif "," in said:
        raise ValueError("Write the amount with a point, like 19.90.")
    whole_part, _, places = said.partition(".")
    # 19.9000 is as good as 19.90; how many places the currency has is for what is left.
    return price_from_text(f"{whole_part}.{places.rstrip('0') or '0'}" if places else said, currency)


def grams(cell: str, unit: str = "g") -> int | None:
    """
    Return a weight in whole grams, rounded, None for an empty cell.

    :param unit: what the number is in: g, kg, lb, lbs or oz.
    :raises ValueError: it is no weight.
    """
    said = cell.strip().replace(",", ".")
    if not said:
        return None
    found = _WEIGHT.fullmatch(said)
    if found is None:
        raise ValueError("Write a weight like 1.5.")
    millionths = int(found[1]) * _MILLION + int((found[2] or "").ljust(_PLACES, "0"))
    rounded = (millionths * _UNITS[unit] // _GRAM + _MILLION // 2) // _MILLION
    if rounded > 10_000_000:
        raise ValueError("That is over 10,000 kg.")
    return rounded


def day(cell: str) -> date | None:
    """
    Return a day like ``2026-03-02``, None for an empty cell.

    :raises ValueError: it is none.
    """
    said = cell.strip()
    if not said:
        return None
    found = _parsed(parse_date, said)
    if found is None:
        raise ValueError("Write a day like 2026-03-02.")
    return found


def instant(cell: str) -> datetime | None:
    """
    Return an instant like ``2026-03-02T12:00:00Z``, None for an empty cell.

    Without an offset it is in the shop's time zone, and a day alone is its beginning.

    :raises ValueError: it is none.
    """
    said = cell.strip()
    if not said:
        return None
    found = _parsed(parse_datetime, said)
    if found is None:
        raise ValueError("Write an instant like 2026-03-02T12:00:00Z.")
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def _parsed(parse: Callable[[str], D | None], said: str) -> D | None:
    try:
        found = parse(said)
    except ValueError:
        # It looks like a day and is none, like February 30.
        return None
    return found if found is not None and _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def line(cell: str, most: int) -> str:
    """
    Return a text of one line, without space around it.

    :raises ValueError: it is too long, or has control characters.
    """
    said = cell.strip()
    # Nearly every cell is, and an import reads millions.
    plain = said.isprintable()
    said = said if plain else _BREAKS.sub(" ", said)
    if len(said) > most:
        raise ValueError(f"This has {len(said)} characters; {most} fit.")
    if not plain and _CONTROL.search(said):
        raise ValueError("Control characters are not allowed.")
    return said


def cut(cell: str, most: int) -> str:
    """Return a text of one line, cut where it is too long: for what nobody could mend in a foreign file."""
    return _CONTROL.sub("", _BREAKS.sub(" ", cell.strip()))[:most].strip()
