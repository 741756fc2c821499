"""Which postal codes an area takes in."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\W_]+")
_PATTERN = re.compile(r"[A-Z0-9?]+\*?|\*")


class BadPattern(ValueError):
    """Raised when a pattern can't be read; the text says how one is written."""


def plain(postal_code: str) -> str:
    """
    Return a code in capitals without spaces and dashes.

    A shopper's estimate, staff's pattern and an order's code needn't be written alike.
    """
    return _SEPARATORS.sub("", postal_code).upper()


def fit(pattern: str, postal_code: str) -> int | None:
    """
    Return how closely a pattern fits a code, the higher the closer, or None when it doesn't.

    ``10*`` is for codes that begin so, ``1???`` for one letter or digit each, ``35000-35999`` for those between,
    both included, ``10115`` for that one; an empty pattern is for any, also for a code that isn't known. What
    decides more characters fits closer: a whole code more than its beginning, and that more than a range of it.

    :raises BadPattern: it can't be read.
    """
    if not pattern:
        return 0
    code, between = plain(postal_code), _range(pattern)
    if between is not None:
        first, last = between
        inside = len(code) >= len(first) and first <= code[: len(first)] <= last
        return 2 * len(first) - 1 if inside else None
    letters = _letters(pattern)
    begins = letters.endswith("*")
    said = letters.removesuffix("*")
    long_enough = len(code) >= len(said) if begins else len(code) == len(said)
    if (
        not code
        or not long_enough
        or any(want not in ("?", has) for want, has in zip(said, code, strict=False))
    ):
        return None
    return 2 * (len(said) - said.count("?")) + (not begins)


def check(pattern: str) -> None:
    """
    Refuse a pattern that can't be read.

    :raises BadPattern: why, for the one who wrote it.
    """
    if pattern and _range(pattern) is None:
        _letters(pattern)


def _range(pattern: str) -> tuple[str, str] | None:
    """Return both ends of a range: two parts of one length, for a dash inside a code parts it elsewhere."""
    first, dash, last = (part.strip().upper() for part in pattern.partition("-"))
    if not dash or len(first) != len(last) or not (first + last).isalnum():
        return None
    if first > last:
        raise BadPattern(f"{first} comes after {last}; write the lower end first.")
    return first, last


def _letters(pattern: str) -> str:
    letters = re.sub(r"[\s_-]+", "", pattern).upper()
    if not _PATTERN.fullmatch(letters):
        raise BadPattern(
            "Write a code such as 10115, its beginning 10*, one with gaps 1???, or a range 35000-35999."
        )
    return letters
