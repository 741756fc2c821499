"""What stands in a CSV file that a spreadsheet may open: texts that are never taken for formulas, values as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

# A spreadsheet takes such a cell for a formula. Behind an apostrophe it is text; one that has an apostrophe of its own
# gets another, so that reading gives back what was written.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"''*[=+\-@\t\r]")


def guarded(text: str) -> str:
    """Return a text as it may stand in a cell: never taken for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text that ``guarded`` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def cell(value: Any) -> str:
    """Return a value as it stands in a cell: nothing for None, instants in UTC, texts guarded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    # A number is no formula, with a minus either.
    return guarded(value) if isinstance(value, str) else str(value)


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as CSV (RFC 4180), with CR and LF behind each."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
