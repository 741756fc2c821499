"""Finding card numbers in text: where one stands that must not, it has to be noticed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Ids of ours are skipped whole: their digits are chance, and one in some hundred would pass for a card.
_FOUND = re.compile(
    r"(?P<id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    # Digits alone or in groups, as cards are printed and typed; part of a word or a fraction they are something else.
    r"|(?<![0-9A-Za-z])(?<![0-9][.])(?P<digits>\d{3,}(?:[ +-]\d{3,})*)(?![0-9A-Za-z])"
)
_GROUP = re.compile(r"\d+")
_SHORTEST, _LONGEST = 13, 19


def holds_card_number(text: str) -> bool:
    """Tell whether a card number stands somewhere in a text: 13 to 19 digits that pass the Luhn check."""
    return next(_spans(text), None) is not None


def without_card_numbers(text: str, instead: str = "[redacted]") -> str:
    """Return a text with every card number replaced."""
    parts, upto = [], 0
    for begin, end in _spans(text):
        if begin >= upto:
            parts += [text[upto:begin], instead]
            upto = end
    return "".join([*parts, text[upto:]])


def passes_luhn(digits: str) -> bool:
    """Tell whether a number's last digit is the check digit that cards have."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for found in _FOUND.finditer(text):
        if found["digits"] is not None:
            yield from _windows(found["digits"], found.start("digits"))


def _windows(digits: str, offset: int) -> Iterator[tuple[int, int]]:
    """Yield where whole groups in a row make a card number: a date before it must not hide it."""
    groups = list(_GROUP.finditer(digits))
    for first, group in enumerate(groups):
        number = ""
        for last in groups[first:]:
            number += last.group()
            if len(number) > _LONGEST:
                break
            # Nothing but zeros passes, and is an amount or an empty id.
            if len(number) >= _SHORTEST and number.strip("0") and passes_luhn(number):
                yield offset + group.start(), offset + last.end()
                break
